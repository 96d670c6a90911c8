/**
 * What no job may show again: `blocked/<id>`, one object for each entry. It has hashes of files and prints of pictures, never a picture; from
 * a print none can be made. Entries are stored once, so that a worker reads each of them once.
 */
import { z } from "zod";
import { printsSchema } from "../engine/print-service.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { newId } from "../job/ids.ts";
import { distance, LIKE_BITS, type Prints } from "./prints.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const blockSchema = z.strictObject({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.int(),
  /** The takedown that asked for it; absent: the operator did. */
  ticket: z.string().optional(),
  /** Of whole files, lower-case hex. */
  sha256: z.array(sha256).max(1000),
  /** Of pictures and faces, each in its 8 orientations. */
  prints: z.array(printsSchema).max(2000),
});
export type Block = z.infer<typeof blockSchema>;
export type Seen = { sha256: string; prints: readonly Prints[] };

const FOLDER = "blocked";
/** How long a worker goes by what it has read, ms. */
const FRESH_MS = 30_000;
const MAX_BYTES = 2_000_000;

/** Adds an entry; one of nothing at all is none, and null. That of a ticket has its id, so that there is one. Throws what the storage throws. */
export async function addBlock(
  files: Pick<Files, "put">,
  nowMs: number,
  block: Pick<Block, "sha256" | "prints"> & { ticket?: string | undefined },
): Promise<Block | null> {
  if (block.sha256.length === 0 && block.prints.length === 0) return null;
  const { ticket, ...seen } = block;
  const entry = blockSchema.parse({
    id: ticket ?? newId(nowMs),
    at: nowMs,
    ...seen,
    ...(ticket === undefined ? {} : { ticket }),
  });
  const bytes = Buffer.from(JSON.stringify(entry));
  const body = async function* () {
    yield bytes;
  };
  const put = files.put(`${FOLDER}/${entry.id}`, body(), { type: "application/json", bytes: bytes.length });
  await put.catch((error: unknown) => {
    if (ticket === undefined || !hasCode(error, "already_exists")) throw error;
  });
  return entry;
}

/** Throws `not_found`. */
export async function removeBlock(files: Pick<Files, "get" | "purge">, id: string): Promise<void> {
  await readBlock(files, keyOf(id));
  await files.purge(keyOf(id));
}

/** Oldest first. Entries that cannot be read are left out. */
export async function* listBlocks(files: Pick<Files, "get" | "list">): AsyncGenerator<Block> {
  for await (const { key } of files.list(`${FOLDER}/`)) {
    const block = await readBlock(files, key).catch(ifGone);
    if (block) yield block;
  }
}

export type BlockList = {
  /** Whether there is anything on it: then files need not be looked at. Throws what the storage throws. */
  isEmpty(): Promise<boolean>;
  /** The entry that a file is like; null where there is none. */
  find(seen: Seen): Promise<Block | null>;
};

/** What workers ask. It is read again after half a minute. */
export function blockList(files: Pick<Files, "get" | "list">, clock: { now(): number }): BlockList {
  const known = new Map<string, Block | null>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const refresh = async (): Promise<void> => {
    if (clock.now() - readAtMs < FRESH_MS) return;
    const keys = new Set<string>();
    for await (const { key } of files.list(`${FOLDER}/`)) keys.add(key);
    for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    for (const key of keys) if (!known.has(key)) known.set(key, await readBlock(files, key).catch(ifGone));
    readAtMs = clock.now();
  };
  return {
    isEmpty: async () => {
      await refresh();
      return known.size === 0;
    },
    find: async (seen) => {
      await refresh();
      for (const block of known.values()) if (block && isLike(block, seen)) return block;
      return null;
    },
  };
}

function isLike(block: Block, seen: Seen): boolean {
  if (block.sha256.includes(seen.sha256)) return true;
  // one of the two in all its orientations is enough
  return seen.prints.some(({ of, prints: [upright] }) => {
    const same = block.prints.filter((each) => each.of === of);
    return same.some(({ prints }) => prints.some((each) => distance(each, upright!) <= LIKE_BITS[of]));
  });
}

async function readBlock(files: Pick<Files, "get">, key: string): Promise<Block> {
  const { body, bytes } = await files.get(key);
  if (bytes > MAX_BYTES) throw new AppError("not_found", "This entry is too large to be one.");
  const text = await new Response(body).text();
  const parsed = blockSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new AppError("not_found", "This entry cannot be read.", { cause: parsed.error });
  return parsed.data;
}

function ifGone(error: unknown): null {
  if (hasCode(error, "not_found") || error instanceof SyntaxError) return null;
  throw error;
}

function keyOf(id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new AppError("not_found", "There is no entry with this id on the block list.");
  return `${FOLDER}/${id}`;
}
