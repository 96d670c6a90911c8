/** The files that a command was given, looked at before any process is started for them. */
import { constants, createReadStream, createWriteStream, openSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { basename, extname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { readFacts } from "@smileloop/core/kinds/facts.ts";
import type { InputFacts, Slot } from "@smileloop/core/kinds/inputs.ts";

/** `title`: what files that are made of it are called after. */
export type InputFile = InputFacts & { path: string; title: string };

/** `folder`: where what comes through a pipe is kept; the caller removes it. */
type InputOptions = { slot: Slot; folder: string; signal: AbortSignal };

/** The standard input. */
const STDIN = "-";
const MIB = 2 ** 20;

/** Takes files, pipes (`<(…)`, `/dev/stdin`) and `-`. Throws `not_found` and what `readFacts` throws, each with the file's name. */
export async function openInput(given: string, options: InputOptions): Promise<InputFile> {
  const name = nameOf(given);
  const piped = given === STDIN || (await isPipe(given));
  const path = piped ? await keepPipe(given, name, options) : given;
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw openFault(error, given, name);
  });
  try {
    const { size } = await statOf(file, name, options.slot);
    const facts = await readFacts(options.slot, size, (position, length) => readAt(file, position, length));
    return { path, title: piped ? titleOf(options.slot) : basename(given, extname(given)), ...facts };
  } catch (error) {
    if (!(error instanceof AppError) || error.message.includes(name)) throw error;
    throw new AppError(error.code, `${name}: ${error.message}`, { cause: error });
  } finally {
    await file.close();
  }
}

/** What a file is called in errors. */
export function nameOf(given: string): string {
  return given === STDIN ? "The standard input" : `"${basename(given)}"`;
}

/** What can be read once, from its start to its end, and has no size. */
async function isPipe(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

/** Writes what comes into a file, as far as the slot takes it. */
async function keepPipe(given: string, name: string, { slot, folder, signal }: InputOptions): Promise<string> {
  const path = join(folder, titleOf(slot));
  try {
    await pipeline(
      given === STDIN ? process.stdin : await openPipe(given),
      (chunks: AsyncIterable<Buffer>) => upTo(slot.maxBytes, chunks, name),
      createWriteStream(path),
      { signal },
    );
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    throw openFault(error as NodeJS.ErrnoException, given, name);
  }
  return path;
}

/** A FIFO is opened without waiting for a writer: a thread that waits can't be stopped, and keeps the process from ending. */
async function openPipe(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function* upTo(maxBytes: number, chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new AppError("too_large", `${name} is too large: at most ${maxBytes / MIB} MiB are read.`);
    yield chunk;
  }
}

function openFault(error: NodeJS.ErrnoException, given: string, name: string): AppError {
  if (error.code === "ENOENT" || error.code === "ENOTDIR")
    return new AppError("not_found", `There is no file "${given}".`);
  return new AppError("input_unreadable", `${name} cannot be read: ${error.code ?? error.message}.`, { cause: error });
}

/** `driving clip` → `driving-clip` */
function titleOf({ noun }: Slot): string {
  return noun.replaceAll(" ", "-");
}

async function statOf(file: FileHandle, name: string, { noun, maxBytes }: Slot): Promise<{ size: number }> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw new AppError("unsupported_type", `${name} is a folder; give one ${noun}.`);
  if (stat.size === 0 && stat.isFile()) throw new AppError("empty_file", `${name} is empty.`);
  if (stat.size > maxBytes) {
    const sizes = `it has ${(stat.size / MIB).toFixed(1)} MiB, and at most ${maxBytes / MIB} MiB are read`;
    throw new AppError("too_large", `${name} is too large: ${sizes}.`);
  }
  return stat;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
