/** What a bucket holds, in memory. Node runs one handler at a time, so that a condition and its write are one step. */
import { createHash } from "node:crypto";
import { S3Error } from "./errors.ts";

export type StoredObject = {
  body: Buffer;
  /** Without quotes: the MD5 of the body, or, of one that came in parts, of their MD5s and with their number. */
  etag: string;
  type: string;
  /** Headers by name in lower case: `x-amz-meta-…`. */
  metadata: Record<string, string>;
  storedAtMs: number;
};

export type Conditions = { ifNoneMatch?: string | undefined; ifMatch?: string | undefined };

export type Part = { body: Buffer; etag: string; sha256: string | null };
/** A multipart upload that is neither complete nor aborted. `parts`: by number. `summed`: whether each part has to have a SHA-256. */
export type Unfinished = Pick<StoredObject, "type" | "metadata"> & {
  key: string;
  summed: boolean;
  parts: Map<number, Part>;
};

export type Store = {
  /** By upload id. */
  unfinished: Map<string, Unfinished>;
  get(key: string): StoredObject | undefined;
  /** Throws `PreconditionFailed`, or `NoSuchKey` for If-Match on a missing key. */
  put(
    key: string,
    object: Pick<StoredObject, "body" | "type" | "metadata"> & { etag?: string },
    conditions: Conditions,
  ): StoredObject;
  remove(key: string): void;
  /** All keys, in the order of their UTF-8 bytes. */
  keys(): string[];
  /** Those from this one on, whether or not it is there. */
  keysFrom(key: string): Generator<string>;
};

export function createStore(now: () => number): Store {
  const objects = new Map<string, StoredObject>();
  const sorted: string[] = [];
  return {
    get: (key) => objects.get(key),
    unfinished: new Map(),
    put(key, { body, type, metadata, etag = md5Hex(body) }, conditions) {
      const there = objects.get(key);
      checkWrite(there, conditions);
      if (!there) sorted.splice(placeOf(key, sorted), 0, key);
      const object = { body, type, metadata, etag, storedAtMs: now() };
      objects.set(key, object);
      return object;
    },
    remove(key) {
      if (objects.delete(key)) sorted.splice(placeOf(key, sorted), 1);
    },
    keys: () => [...sorted],
    *keysFrom(key) {
      for (let at = placeOf(key, sorted); at < sorted.length; at++) yield sorted[at]!;
    },
  };
}

export function md5Hex(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** Where the key is, or would be. */
function placeOf(key: string, sorted: string[]): number {
  const bytes = Buffer.from(key);
  let [from, to] = [0, sorted.length];
  // what is filled in order is appended
  if (to > 0 && Buffer.compare(Buffer.from(sorted[to - 1]!), bytes) < 0) return to;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (Buffer.compare(Buffer.from(sorted[middle]!), bytes) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

function checkWrite(there: StoredObject | undefined, { ifNoneMatch, ifMatch }: Conditions): void {
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== "*") throw new S3Error("NotImplemented", "If-None-Match takes only * on writes.");
    if (there) throw preconditionFailed();
  }
  if (ifMatch === undefined) return;
  if (!there) throw new S3Error("NoSuchKey", "The specified key does not exist.");
  if (!sameEtag(ifMatch, there.etag)) throw preconditionFailed();
}

/** S3 takes an etag with and without quotes. */
export function sameEtag(given: string, etag: string): boolean {
  return given === "*" || given.replaceAll('"', "") === etag;
}

export function preconditionFailed(): S3Error {
  return new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}
