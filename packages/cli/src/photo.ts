/** The photo that a command was given, looked at before any process is started for it. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";

const MAGIC = [
  { type: "image/jpeg", bytes: [0xff, 0xd8, 0xff] },
  { type: "image/png", bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
];

export type Photo = { path: string; type: string; bytes: number };

/** Throws `not_found`, `empty_file`, `too_large`, `unsupported_type`, `image_unreadable` with a sentence each. */
export async function openPhoto(path: string, maxBytes: number): Promise<Photo> {
  const name = `"${basename(path)}"`;
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR")
      throw new AppError("not_found", `There is no file "${path}".`);
    throw new AppError("image_unreadable", `${name} cannot be read: ${error.code ?? error.message}.`, { cause: error });
  });
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new AppError("unsupported_type", `${name} is a folder; give one photo.`);
    if (stat.size === 0 && stat.isFile()) throw new AppError("empty_file", `${name} is empty.`);
    if (stat.size > maxBytes) {
      const sizes = `it has ${(stat.size / 2 ** 20).toFixed(1)} MiB, and at most ${maxBytes / 2 ** 20} MiB are read`;
      throw new AppError("too_large", `${name} is too large: ${sizes}.`);
    }
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    const found = MAGIC.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte));
    if (!found) throw new AppError("unsupported_type", `${name} is neither a JPEG nor a PNG.`);
    return { path, type: found.type, bytes: stat.size };
  } finally {
    await file.close();
  }
}
