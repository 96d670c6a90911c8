/**
 * The audit in files: `<dir>/audit/<chain>.jsonl`, which is only ever appended to and flushed, and `<chain>.head` beside it, which says how far
 * it goes. One process writes (`storage/data-dir.ts` sees to that), one line after the other.
 *
 * A crash in the middle of a line leaves a part of one, which nobody was told of as written: the next writer cuts it off. It goes on after the head
 * where that is ahead of the lines, so that lines that somebody has taken away are missed for ever (`check.ts`).
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AuditStore } from "../audit.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { errno, makeFolder, withStorageErrors } from "../storage/durable-files.ts";
import { type Chain, chainOf, type Head, headText, lineText, nextLine, readHead, readLine, START } from "./line.ts";
import { oneByOne } from "./one-by-one.ts";

/** More than the longest line. */
const TAIL_BYTES = 128 * 1024;

type Writer = { file: FileHandle; head: Head };

export function diskAudit({ dir, log }: { dir: string; log: Log }): AuditStore {
  const folder = join(dir, "audit");
  const writers = new Map<Chain, Writer>();
  const inTurn = oneByOne<Chain>();
  const forget = async (chain: Chain) => {
    const writer = writers.get(chain);
    writers.delete(chain);
    await writer?.file.close().catch(() => {});
  };
  const writerOf = async (chain: Chain): Promise<Writer> => {
    const there = writers.get(chain) ?? (await openWriter(folder, chain, log));
    writers.set(chain, there);
    return there;
  };
  return {
    append: (entry) => {
      const chain = chainOf(entry);
      return inTurn(chain, () =>
        withStorageErrors(async () => {
          const writer = await writerOf(chain);
          const line = nextLine(writer.head, entry);
          try {
            await writer.file.appendFile(`${lineText(line)}\n`);
            await writer.file.datasync();
          } catch (error) {
            // what is there of the line is cut off when the file is opened again
            await forget(chain);
            throw error;
          }
          writer.head = { seq: line.seq, hash: line.hash };
          await writeHead(folder, chain, writer.head).catch((err: unknown) =>
            log.warn({ err }, "audit head not written"),
          );
          return line;
        }),
      );
    },
    async *lines(chain) {
      const input = createReadStream(fileOf(folder, chain), "utf8");
      try {
        for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield text;
      } catch (error) {
        if (errno(error) !== "ENOENT") throw error;
      }
    },
    head: (chain) => withStorageErrors(() => storedHead(folder, chain)),
    trim: (chain, through) =>
      inTurn(chain, () =>
        withStorageErrors(async () => {
          await forget(chain);
          await keepAfter(fileOf(folder, chain), through);
        }),
      ),
    close: async () => {
      for (const chain of [...writers.keys()]) await inTurn(chain, () => forget(chain));
    },
  };
}

async function openWriter(folder: string, chain: Chain, log: Log): Promise<Writer> {
  await makeFolder(folder);
  const path = fileOf(folder, chain);
  const file = await open(path, "a+", 0o600);
  try {
    const { last, cutBytes } = await repairTail(file);
    if (cutBytes > 0) log.warn({ chain, bytes: cutBytes }, "audit line of a crash cut off");
    const noted = await storedHead(folder, chain);
    const line = last === null ? START : readLine(last);
    if (line === null && noted === null) {
      throw new AppError(
        "record_unreadable",
        `The last line of ${path} cannot be read: move the file away, keep it, and start again.`,
      );
    }
    if (noted !== null && noted.seq > (line?.seq ?? 0)) log.error({ chain, seq: noted.seq }, "audit lines are missing");
    const head = noted !== null && noted.seq >= (line?.seq ?? 0) ? noted : line!;
    return { file, head: { seq: head.seq, hash: head.hash } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Cuts off what follows the last line end. `last`: the last whole line; null where there is none. */
async function repairTail(file: FileHandle): Promise<{ last: string | null; cutBytes: number }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(0x0a);
  const cutBytes = tail.length - (end + 1);
  if (cutBytes > 0) await file.truncate(size - cutBytes);
  if (end === -1) return { last: null, cutBytes };
  const start = end === 0 ? -1 : tail.lastIndexOf(0x0a, end - 1);
  return { last: tail.subarray(start + 1, end).toString("utf8"), cutBytes };
}

async function storedHead(folder: string, chain: Chain): Promise<Head | null> {
  try {
    return readHead(await readFile(join(folder, `${chain}.head`), "utf8"));
  } catch (error) {
    if (errno(error) === "ENOENT") return null;
    throw error;
  }
}

async function writeHead(folder: string, chain: Chain, head: Head): Promise<void> {
  await writeWhole(join(folder, `${chain}.head`), async (file) => file.writeFile(headText(head)));
}

async function keepAfter(path: string, through: number): Promise<void> {
  await writeWhole(path, async (file) => {
    const input = createReadStream(path, "utf8");
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const seq = readLine(text)?.seq;
      if (seq === undefined || seq > through) await file.appendFile(`${text}\n`);
    }
    await file.sync();
  });
}

/** Under another name first, so that nobody sees half of it. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, "w", 0o600);
    await write(file).finally(() => file.close());
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function fileOf(folder: string, chain: Chain): string {
  return join(folder, `${chain}.jsonl`);
}
