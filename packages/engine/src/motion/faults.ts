/** What is said of driving files that can't be used. */
import { AppError } from "@smileloop/core/errors.ts";

/** How much of what a client's file says is repeated in a sentence, characters. */
const MAX_QUOTED = 60;
const MAX_WHY = 260;

/** `why` goes on after "The driving clip cannot be read: ". */
export function unreadable(why: string, help = "", cause?: unknown): AppError {
  const sentence = `The driving clip cannot be read: ${cut(why, MAX_WHY)}.${help === "" ? "" : ` ${help}`}`;
  return new AppError("input_unreadable", sentence, { cause });
}

/** A value of a client's file, for a sentence. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return cut(JSON.stringify(value.slice(0, MAX_QUOTED)), MAX_QUOTED);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function cut(text: string, length = MAX_QUOTED): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
