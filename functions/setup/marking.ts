/** What invisible marks are made with: the operator's keys, or one that the data directory keeps and that is made when it is first needed. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "@smileloop/core/clock.ts";
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { Log } from "@smileloop/core/log.ts";
import { errno, writeOnce } from "@smileloop/core/storage/durable-files.ts";
import { KEYS_LOOKED_FOR, type MarkKey, newMarkKey, readMarkKeys } from "@smileloop/worker/marking/key.ts";
import { createMarker, type Marker } from "@smileloop/worker/marking/marker.ts";

/** `key`: the operator's. `file`: where keys are kept that the operator did not give. */
export type MarkingSource = { key?: string | undefined; file?: string | undefined };

type Needs = { marking: MarkingSource; log: Log; clock: Clock };

export function openMarker({ marking, log, clock }: Needs): Marker {
  return createMarker({ keys: markKeys(marking, clock), log });
}

/** Reads the keys once, the newest first; where that fails, each call tries again. Throws a sentence. */
export function markKeys(source: MarkingSource, clock: Clock): () => Promise<MarkKey[]> {
  let found: Promise<MarkKey[]> | null = null;
  return () => {
    found ??= openKeys(source, clock).catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };
}

/**
 * Throws EnvError for keys that the operator gave and that cannot be used, for kept ones that are damaged, and where there are none and
 * nowhere to keep one. Makes none.
 */
export async function checkMarking({ key, file }: MarkingSource): Promise<void> {
  if (key !== undefined || file === undefined) {
    givenKeys(key);
    return;
  }
  const text = await readKept(file).catch((cause: unknown) => {
    throw new EnvError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  });
  if (text !== null) keysIn(file, text);
}

async function openKeys({ key, file }: MarkingSource, clock: Clock): Promise<MarkKey[]> {
  return key === undefined && file !== undefined ? keptKeys(file, clock) : givenKeys(key);
}

function givenKeys(key: string | undefined): MarkKey[] {
  if (key === undefined) {
    throw new EnvError("MARK_KEY: the key that results are marked with is missing; `npm run -s mark:key` makes one");
  }
  try {
    return requireDistinct(readMarkKeys(key));
  } catch (cause) {
    throw new EnvError(`MARK_KEY: ${(cause as Error).message}`, { cause });
  }
}

/** A key that is given twice was meant to be another one: the old key that it stands for would never be looked for. */
function requireDistinct(keys: MarkKey[]): MarkKey[] {
  const numbers = new Map<string, number>();
  for (const [i, { id }] of keys.entries()) {
    const first = numbers.get(id);
    if (first !== undefined) throw new Error(`key ${i + 1} is the same as key ${first}; each can be given once`);
    numbers.set(id, i + 1);
  }
  return keys;
}

/** In one file, a line for each, for its owner alone. Made where it is missing. */
async function keptKeys(file: string, clock: Clock): Promise<MarkKey[]> {
  if ((await readKept(file)) === null) {
    await writeOnce(dirname(file), file, clock.now(), (handle) => handle.writeFile(`${newMarkKey()}\n`));
  }
  return keysIn(file, (await readKept(file)) ?? "");
}

function keysIn(file: string, text: string): MarkKey[] {
  try {
    return readMarkKeys(text);
  } catch (cause) {
    const todo = "Remove it, and a new one is made: marks of the old one are then no longer found.";
    throw new EnvError(`${file} is damaged: ${(cause as Error).message}. ${todo}`, { cause });
  }
}

function readKept(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch((error: unknown) =>
    errno(error) === "ENOENT" ? null : Promise.reject(error as Error),
  );
}

/** Of commands, which have no data directory: the operator's keys, or one in the folder of who runs them. */
export function commandMarking({ MARK_KEY: key }: Env): MarkingSource {
  return { key, file: join(homedir(), ".smileloop", "mark.key") };
}

/** Whose marks a command looks for: those of the operator's keys, of the server of this folder, and of commands. Makes none. Throws a sentence. */
export async function marksKnownHere(env: Env): Promise<MarkKey[]> {
  const given = env.MARK_KEY === undefined ? [] : givenKeys(env.MARK_KEY);
  const files = [join(env.DATA_DIR, "mark.key"), commandMarking(env).file!];
  const kept = files.map(async (file) => {
    const text = await readFile(file, "utf8").catch(() => null);
    return text === null ? [] : keysIn(file, text);
  });
  const all = [given, ...(await Promise.all(kept))].map((keys) => keys.slice(0, KEYS_LOOKED_FOR));
  return [...new Map(all.flat().map((key) => [key.id, key])).values()];
}
