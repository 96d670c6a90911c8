/**
 * What an installation writes down of what it does: through here, whatever keeps it. A statement that the law may ask for is written before
 * what it allows is done (`write`); what only tells of something that has happened must never undo it (`tell`).
 */
import type { AuditStore } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Files } from "../files.ts";
import type { Log } from "../log.ts";
import { ownerHash } from "../owner-salts.ts";
import { type AuditEntry, type AuditKind, type AuditLine, chainOf } from "./line.ts";

/** `owner`: becomes `owner_hash`. */
export type Told = { kind: AuditKind; owner?: string | undefined; details?: AuditEntry["details"] };

export type Audit = {
  /** Resolves when the line is on stable storage. Throws what the storage throws: then what was to be written down must not happen. */
  write(told: Told): Promise<AuditLine>;
  /**
   * Never throws. Resolves when the line is written, or when the storage has failed once: then the line waits in this process and is tried
   * again. A line that is lost all the same, because the process ends or too many wait, is in the log in full.
   */
  tell(told: Told): Promise<void>;
  /** The hash that stands for an owner. Throws what the storage throws. */
  ownerHash(owner: string): Promise<string>;
  /** Tries once more what waits, and gives it up. */
  close(): Promise<void>;
  readonly store: AuditStore;
};

type AuditOptions = { store: AuditStore; files: Pick<Files, "get" | "put">; clock: Clock; log: Log };

/** Lines that wait at the same time. */
const MOST_WAITING = 1000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 60_000];

type Waiting = { told: Told; at: number; tried: () => void };

export function createAudit({ store, files, clock, log }: AuditOptions): Audit {
  const waiting: Waiting[] = [];
  const ended = new AbortController();
  const days = new Map<string, string>();
  let drained: Promise<void> | null = null;
  let failing = false;

  const append = async ({ kind, owner, details }: Told, at: number): Promise<AuditLine> => {
    const whose = owner === undefined ? {} : { owner_hash: await ownerHash(files, owner) };
    const line = await store.append({ kind, at, details: { ...details, ...whose } });
    const [chain, day] = [chainOf({ kind }), line.at.slice(0, 10)];
    // the log of the day before, kept elsewhere, holds the chain against those who can rewrite all of it
    if (days.get(chain) !== day) log.info({ chain, day, seq: line.seq - 1, hash: line.prev }, "audit_head");
    days.set(chain, day);
    return line;
  };

  const drain = async (): Promise<void> => {
    for (let failures = 0; waiting.length > 0; ) {
      const [first] = waiting as [Waiting];
      try {
        await append(first.told, first.at);
        failures = 0;
        failing = false;
        waiting.shift();
        first.tried();
      } catch (err) {
        if (failures === 0) log.warn({ err, waiting: waiting.length }, "audit line not written yet");
        failing = true;
        for (const { tried } of waiting) tried();
        if (ended.signal.aborted) return;
        await clock.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), ended.signal);
        failures += 1;
      }
    }
  };
  const lose = ({ told: { owner: _, ...told }, at }: Omit<Waiting, "tried">) =>
    log.error({ ...told, at: new Date(at).toISOString() }, "audit line lost");

  return {
    store,
    write: (told) => append(told, clock.now()),
    tell: (told) =>
      new Promise((resolve) => {
        const line = { told, at: clock.now(), tried: resolve };
        if (waiting.length >= MOST_WAITING || ended.signal.aborted) {
          lose(line);
          return resolve();
        }
        waiting.push(line);
        if (failing) resolve();
        drained ??= drain().finally(() => {
          drained = null;
        });
      }),
    ownerHash: (owner) => ownerHash(files, owner),
    close: async () => {
      ended.abort();
      await drained;
      for (const line of waiting.splice(0)) lose(line);
      await store.close();
    },
  };
}
