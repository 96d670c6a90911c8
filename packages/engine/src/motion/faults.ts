/** What is said of driving files that can't be used. */
import { AppError } from "@smileloop/core/errors.ts";

/** `why` goes on after "The driving clip cannot be read: ". */
export function unreadable(why: string, help = "", cause?: unknown): AppError {
  const sentence = `The driving clip cannot be read: ${why}.${help === "" ? "" : ` ${help}`}`;
  return new AppError("input_unreadable", sentence, { cause });
}
