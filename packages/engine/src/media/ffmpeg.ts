/** What FFmpeg answers. */
import { FFmpegError } from "node-av/lib";

/** Throws an FFmpegError for a code that says that `doing` failed. */
export function must(code: number, doing: string): void {
  FFmpegError.throwIfError(code, doing);
}
