/** What S3 keeps besides the records: timers, idempotency keys and notes, one small object each. */
import { idempotencyKey, idempotencyPrefix, momentText, noteKey, timerKey, timerOfKey } from "../job/keys.ts";
import { parseEntry } from "../job/unreadable.ts";
import type { Notes } from "../notes.ts";
import type { IdempotencyEntry, IdempotencyKeys, Timers } from "../records.ts";

export type Condition = { IfNoneMatch?: "*"; IfMatch?: string };
type Listing = { keys: string[]; prefixes: string[]; truncated: boolean; token: string | undefined };
/** Small texts by key, errors translated. */
export type Objects = {
  /** Answers the new etag; null when the condition does not hold. */
  put(key: string, text: string, condition: Condition): Promise<string | null>;
  get(key: string): Promise<{ text: string; etag: string; ageMs: number } | null>;
  remove(key: string): Promise<void>;
  list(query: ListQuery): Promise<Listing>;
};
type ListQuery = {
  Prefix: string;
  Delimiter?: string;
  MaxKeys?: number;
  StartAfter?: string;
  ContinuationToken?: string;
};

export function s3Timers(objects: Objects): Timers {
  return {
    async arm(timer) {
      await objects.put(timerKey(timer), "", {});
    },
    async drop(timer) {
      await objects.remove(timerKey(timer));
    },
    async *due(untilMs, fromMs) {
      let token: string | undefined;
      // in byte order the name of a moment comes before all that lies in its folder
      const first = fromMs === undefined ? {} : { StartAfter: `due/${momentText(fromMs)}` };
      do {
        const page = await objects.list({ Prefix: "due/", ...(token ? { ContinuationToken: token } : first) });
        for (const key of page.keys) {
          const timer = timerOfKey(key);
          if (!timer) continue;
          if (timer.atMs > untilMs) return;
          yield timer;
        }
        token = page.token;
      } while (token);
    },
  };
}

export function s3Keys(objects: Objects): IdempotencyKeys {
  const read = async (key: string): Promise<IdempotencyEntry | null> => {
    const found = await objects.get(key);
    return found && parseEntry(found.text);
  };
  return {
    get: async (owner, keySha256) => read(idempotencyKey(owner, keySha256)),
    async claim(owner, keySha256, entry) {
      const key = idempotencyKey(owner, keySha256);
      for (;;) {
        if ((await objects.put(key, JSON.stringify(entry), { IfNoneMatch: "*" })) !== null) return { ...entry };
        const there = await read(key);
        if (there) return there;
      }
    },
    async forget() {
      // a rule of the bucket does it, a day later
    },
    async erase(owner) {
      let token: string | undefined;
      do {
        const page = await objects.list({
          Prefix: idempotencyPrefix(owner),
          ...(token && { ContinuationToken: token }),
        });
        for (const key of page.keys) await objects.remove(key);
        token = page.token;
      } while (token);
    },
  };
}

export function s3Notes(objects: Objects): Notes {
  return {
    get: async (name) => objects.get(noteKey(name)),
    put: async (name, text, etag) =>
      objects.put(noteKey(name), text, etag === null ? { IfNoneMatch: "*" } : { IfMatch: etag }),
  };
}
