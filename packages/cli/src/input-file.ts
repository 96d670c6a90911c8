/** The files that a command was given, looked at before any process is started for them. */
import { type FileHandle, open } from "node:fs/promises";
import { basename, extname } from "node:path";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";

const MAGIC = [
  { type: "image/jpeg", bytes: [0xff, 0xd8, 0xff] },
  { type: "image/png", bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
];
/** For the record alone: the engine goes by what is in a clip. */
const DRIVING_TYPES: Record<string, string> = {
  ...{ ".mov": "video/quicktime", ".webm": "video/webm", ".csv": "text/csv", ".json": "application/json" },
};

export type InputFile = { path: string; type: string; bytes: number };

/** Throws `not_found`, `empty_file`, `too_large`, `unsupported_type`, `image_unreadable` with a sentence each. */
export function openPhoto(path: string, maxBytes: number): Promise<InputFile> {
  return lookAt(path, maxBytes, { what: "photo", code: "image_unreadable" }, async (file, name) => {
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    const found = MAGIC.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte));
    if (!found) throw new AppError("unsupported_type", `${name} is neither a JPEG nor a PNG.`);
    return found.type;
  });
}

/** Throws `not_found`, `empty_file`, `too_large`, `unsupported_type`, `driving_unreadable`. */
export function openDriving(path: string, maxBytes: number): Promise<InputFile> {
  return lookAt(path, maxBytes, { what: "clip", code: "driving_unreadable" }, async () => {
    return DRIVING_TYPES[extname(path).toLowerCase()] ?? "video/mp4";
  });
}

async function lookAt(
  path: string,
  maxBytes: number,
  { what, code }: { what: string; code: ErrorCode },
  typeOf: (file: FileHandle, name: string) => Promise<string>,
): Promise<InputFile> {
  const name = `"${basename(path)}"`;
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR")
      throw new AppError("not_found", `There is no file "${path}".`);
    throw new AppError(code, `${name} cannot be read: ${error.code ?? error.message}.`, { cause: error });
  });
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new AppError("unsupported_type", `${name} is a folder; give one ${what}.`);
    if (stat.size === 0 && stat.isFile()) throw new AppError("empty_file", `${name} is empty.`);
    if (stat.size > maxBytes) {
      const sizes = `it has ${(stat.size / 2 ** 20).toFixed(1)} MiB, and at most ${maxBytes / 2 ** 20} MiB are read`;
      throw new AppError("too_large", `${name} is too large: ${sizes}.`);
    }
    return { path, type: await typeOf(file, name), bytes: stat.size };
  } finally {
    await file.close();
  }
}
