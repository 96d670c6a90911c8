/** The files that a command was given, looked at before any process is started for them. */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { readFacts } from "@smileloop/core/kinds/facts.ts";
import type { InputFacts, Slot } from "@smileloop/core/kinds/inputs.ts";

export type InputFile = InputFacts & { path: string };

/** Throws `not_found` and what `readFacts` throws, each with the file's name. */
export async function openInput(path: string, slot: Slot): Promise<InputFile> {
  const name = `"${basename(path)}"`;
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") {
      throw new AppError("not_found", `There is no file "${path}".`);
    }
    throw new AppError("input_unreadable", `${name} cannot be read: ${error.code ?? error.message}.`, { cause: error });
  });
  try {
    const { size } = await statOf(file, name, slot);
    return { path, ...(await readFacts(slot, size, (position, length) => readAt(file, position, length))) };
  } catch (error) {
    if (!(error instanceof AppError) || error.message.includes(name)) throw error;
    throw new AppError(error.code, `${name}: ${error.message}`, { cause: error });
  } finally {
    await file.close();
  }
}

async function statOf(file: FileHandle, name: string, { noun, maxBytes }: Slot): Promise<{ size: number }> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw new AppError("unsupported_type", `${name} is a folder; give one ${noun}.`);
  if (stat.size === 0 && stat.isFile()) throw new AppError("empty_file", `${name} is empty.`);
  if (stat.size > maxBytes) {
    const sizes = `it has ${(stat.size / 2 ** 20).toFixed(1)} MiB, and at most ${maxBytes / 2 ** 20} MiB are read`;
    throw new AppError("too_large", `${name} is too large: ${sizes}.`);
  }
  return stat;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
