/** How the curves of a clip travel between processes: in the message, or, where they are long, in a file that it names. */
import { lstat, readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { type MotionFrames, motionFramesSchema } from "./motion.ts";

/** Maximum size of JSON that goes inline, bytes. A reply has at most 1 MiB, and short lines are easier to log. */
const INLINE_MOTION_BYTES = 256 * 1024;

/** Maximum size of the file of a motion, bytes: an engine has written it. */
const MAX_MOTION_BYTES = 32 * 1024 * 1024;

const byPath = z.strictObject({ path: z.string().min(1) });

/** `T` itself, or the absolute path of a JSON file that holds it. */
export const inlineOrPath = <T extends z.ZodType>(schema: T) => z.union([schema, byPath]);

export const motionInputSchema = inlineOrPath(motionFramesSchema);
type MotionInput = z.infer<typeof motionInputSchema>;

/** The value as a message carries it: itself, or, where it is long, the path of the file that it was written to (mode 0600). */
export async function packMotion<T extends object>(motion: T, path: string): Promise<T | { path: string }> {
  const text = JSON.stringify(motion);
  if (Buffer.byteLength(text) <= INLINE_MOTION_BYTES) return motion;
  await writeFile(path, text, { mode: 0o600 });
  return { path };
}

/** What `packMotion` packed. Throws `invalid_request` for a file that is not there or does not hold it. */
export async function unpackMotion<T extends object>(packed: T | { path: string }, schema: z.ZodType<T>): Promise<T> {
  const named = byPath.safeParse(packed);
  if (!named.success) return packed as T;
  try {
    const found = await lstat(named.data.path);
    if (!found.isFile()) throw new Error("It is not a regular file.");
    const { size } = found;
    if (size > MAX_MOTION_BYTES) throw new Error(`It has ${size} bytes; at most ${MAX_MOTION_BYTES} are read.`);
    return schema.parse(JSON.parse(await readFile(named.data.path, "utf8")));
  } catch (error) {
    throw new AppError("invalid_request", "The file of the motion cannot be read.", { cause: error });
  }
}

export function unpackFrames(packed: MotionInput): Promise<MotionFrames> {
  return unpackMotion<MotionFrames>(packed, motionFramesSchema);
}
