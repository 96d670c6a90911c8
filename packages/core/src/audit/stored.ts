/**
 * The audit among the files of a home, one object for each line: `audit/<chain>/<number>`, stored only if there is none with this number.
 * So several machines make one chain: who finds the number taken reads that line and goes on after it. The number alone is the key; with
 * the day in it, two machines whose clocks differ at midnight could both write one. A note says how far it goes, every 16th line.
 */
import type { AuditStore } from "../audit.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import type { Notes } from "../notes.ts";
import {
  type AuditLine,
  type Chain,
  chainOf,
  type Head,
  headText,
  lineText,
  nextLine,
  readHead,
  readLine,
  START,
} from "./line.ts";
import { oneByOne } from "./one-by-one.ts";

const TYPE = "application/json";
const NOTE_EVERY = 16;
/** More than there can be writers at the same moment. */
const TRIES = 500;

export function storedAudit({ files, notes }: { files: Files; notes: Notes }): AuditStore {
  const heads = new Map<Chain, Head>();
  const inTurn = oneByOne<Chain>();
  const noted = async (chain: Chain) => readHead((await notes.get(noteOf(chain)))?.text ?? "");
  const startOf = async (chain: Chain): Promise<Head> => heads.get(chain) ?? (await noted(chain)) ?? START;
  /** Null where the number is free. */
  const lineAt = async (chain: Chain, seq: number): Promise<Head | null> => {
    const text = await textOf(files, keyOf(chain, seq));
    if (text === null) return null;
    const line = readLine(text);
    // a line that somebody has spoiled: what follows hangs on nothing that is known, which the check tells
    return line ? { seq, hash: line.hash } : { seq, hash: START.hash };
  };
  const tryAt = async (chain: Chain, line: AuditLine): Promise<boolean> => {
    const bytes = Buffer.from(lineText(line));
    try {
      await files.put(keyOf(chain, line.seq), once(bytes), { type: TYPE, bytes: bytes.length });
      return true;
    } catch (error) {
      if (hasCode(error, "already_exists")) return false;
      if (!hasCode(error, "storage_unavailable")) throw error;
      // the outcome is not known
      const there = await lineAt(chain, line.seq);
      if (there === null) throw error;
      return there.hash === line.hash;
    }
  };
  return {
    append: (entry) => {
      const chain = chainOf(entry);
      return inTurn(chain, async () => {
        let head = await startOf(chain);
        for (let tries = 0; tries < TRIES; tries++) {
          const line = nextLine(head, entry);
          if (await tryAt(chain, line)) {
            heads.set(chain, { seq: line.seq, hash: line.hash });
            if (line.seq % NOTE_EVERY === 0) await note(notes, chain, line).catch(() => {});
            return line;
          }
          // nobody takes lines away but from the front, so the next number follows
          head = (await lineAt(chain, head.seq + 1)) ?? head;
          heads.set(chain, head);
        }
        throw new AppError("storage_unavailable", "The audit has too many writers at once; try again.");
      });
    },
    async *lines(chain) {
      for await (const { key } of files.list(`audit/${chain}/`)) {
        const text = await textOf(files, key);
        if (text !== null) yield text;
      }
    },
    head: noted,
    trim: async (chain, through) => {
      for await (const { key } of files.list(`audit/${chain}/`)) {
        if (Number(key.slice(key.lastIndexOf("/") + 1)) > through) return;
        await files.purge(key);
      }
    },
    close: async () => {},
  };
}

/** Never moves it back. */
async function note(notes: Notes, chain: Chain, head: Head): Promise<void> {
  const there = await notes.get(noteOf(chain));
  if ((readHead(there?.text ?? "")?.seq ?? 0) < head.seq) {
    await notes.put(noteOf(chain), headText(head), there?.etag ?? null);
  }
}

async function textOf(files: Files, key: string): Promise<string | null> {
  try {
    return await new Response((await files.get(key)).body).text();
  } catch (error) {
    if (hasCode(error, "not_found")) return null;
    throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function keyOf(chain: Chain, seq: number): string {
  return `audit/${chain}/${String(seq).padStart(12, "0")}`;
}

function noteOf(chain: Chain): string {
  return `audit-${chain}`;
}
