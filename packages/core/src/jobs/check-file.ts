/** Checks stored files against a slot's limits. */
import { takingTurns } from "../concurrent.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { inputKey } from "../job/keys.ts";
import type { JobFetch, JobInput } from "../job/record.ts";
import { FIRST_BYTES, readFacts } from "../kinds/facts.ts";
import type { InputFacts, Slot } from "../kinds/inputs.ts";
import type { SlotFacts } from "../kinds/kind.ts";

/** A file that passed the checks of a slot; `etag` is the very content that was checked. */
export type CheckedFile = InputFacts & { key: string; etag: string };

/** Of a file that is not there yet. */
const UNKNOWN: InputFacts = { type: "application/octet-stream", bytes: 0 };

/** Headers that are read at a time: each may hold some megabytes, and hundreds of requests may name the same file. */
const inTurn = takingTurns(16);

/** Throws what `readFacts` throws, `not_found` when there is no such file, `precondition_failed` when it is replaced meanwhile. */
export function checkFile(files: Files, key: string, slot: Slot): Promise<CheckedFile> {
  return inTurn(() => readChecked(files, key, slot));
}

async function readChecked(files: Files, key: string, slot: Slot): Promise<CheckedFile> {
  const head = await readPart(files, key, 0, FIRST_BYTES);
  const { bytes, etag } = head;
  const facts = await readFacts(slot, bytes, async (position, length) => {
    if (position + length <= head.part.length) return head.part.subarray(position, position + length);
    const read = await readPart(files, key, position, length);
    if (read.etag === etag) return read.part;
    throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
  });
  return { ...facts, key, etag };
}

/** Its first bytes, as many as tell what it is, its size and its etag. Throws `not_found`, `empty_file`. */
export function readHead(files: Files, key: string) {
  return inTurn(() => readPart(files, key, 0, FIRST_BYTES));
}

/**
 * Bytes of a file from a position on, or all that there are. Read to their end, because a storage's connection whose reply is
 * cut short cannot be used again.
 */
async function readPart(files: Files, key: string, position: number, length: number) {
  const { bytes, etag, body } = await files
    .get(key, { range: { first: position, last: position + length - 1 } })
    .catch((error: unknown) => {
      throw hasCode(error, "range_not_satisfiable") ? new AppError("empty_file", "The file is empty.") : error;
    });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { bytes, etag, part: Buffer.concat(chunks) };
}

/** A checked file and where it came from, for people. */
export type Given = { file: CheckedFile; source: string };
/** A file that the job fetches itself. */
export type ToFetch = { url: string; source: string };

/** Copies files by slot to where the inputs of the job are. Safe to repeat: the same files are copied once. */
export async function copyInputs(
  files: Files,
  { owner, id }: { owner: string; id: string },
  given: Record<string, (Given | ToFetch)[]>,
): Promise<Record<string, JobInput[]>> {
  const inputs: Record<string, JobInput[]> = {};
  for (const [slot, list] of Object.entries(given)) {
    inputs[slot] = [];
    for (const [nth, one] of list.entries()) {
      if ("url" in one) continue;
      const { file, source } = one;
      const key = inputKey(owner, id, slot, nth);
      await files.copy(file.key, key, file.etag).catch((error: unknown) => {
        // an earlier request or attempt for the same job got this far: it was given the same, so it copied the same content
        if (!hasCode(error, "already_exists")) throw error;
      });
      inputs[slot].push({ key, type: file.type, bytes: file.bytes, source });
    }
  }
  return inputs;
}

/**
 * Files by slot as the inputs of a job that leaves them where they are: those of a plan's root, and of its children that have ended,
 * are there until the root goes, and the child goes with it.
 */
export function inputsInPlace(given: Record<string, Given[]>): Record<string, JobInput[]> {
  const inPlace = ({ file: { key, type, bytes }, source }: Given): JobInput => ({ key, type, bytes, source });
  return Object.fromEntries(Object.entries(given).map(([slot, list]) => [slot, list.map(inPlace)]));
}

/** What headers say of the files, by slot. */
export function factsOf(given: Record<string, (Given | ToFetch)[]>): SlotFacts {
  const facts = (one: Given | ToFetch): InputFacts => ("url" in one ? UNKNOWN : one.file);
  return Object.fromEntries(Object.entries(given).map(([slot, list]) => [slot, list.map(facts)]));
}

/** What is left to be fetched; undefined where nothing is. */
export function fetchesOf(given: Record<string, (Given | ToFetch)[]>): JobFetch[] | undefined {
  const fetches = Object.entries(given).flatMap(([slot, list]) =>
    list.flatMap((one, nth): JobFetch[] => ("url" in one ? [{ slot, nth, source: one.source, url: one.url }] : [])),
  );
  return fetches.length === 0 ? undefined : fetches;
}
