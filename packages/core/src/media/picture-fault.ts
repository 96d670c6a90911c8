/** What is said of a picture whose header cannot be used. */
import { AppError } from "../errors.ts";

export function damagedPicture(cause?: unknown): AppError {
  const help = "Save it again and try once more.";
  return new AppError("input_unreadable", `The picture is damaged: its header cannot be read. ${help}`, { cause });
}

/** `what`: a sentence that names what it is. */
export function unreadKind(what: string): AppError {
  return new AppError("unsupported_type", `${what} Export it as a JPEG or PNG and send that.`);
}
