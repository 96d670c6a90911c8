/** What a bucket holds, in memory. Node runs one handler at a time, so that a condition and its write are one step. */
import { createHash } from "node:crypto";
import { S3Error } from "./errors.ts";

export type StoredObject = {
  body: Buffer;
  /** Without quotes: the MD5 of the body. */
  etag: string;
  type: string;
  /** Headers by name in lower case: `x-amz-meta-…`. */
  metadata: Record<string, string>;
  storedAtMs: number;
};

export type Conditions = { ifNoneMatch?: string | undefined; ifMatch?: string | undefined };

export type Store = {
  get(key: string): StoredObject | undefined;
  /** Throws `PreconditionFailed`, or `NoSuchKey` for If-Match on a missing key. */
  put(key: string, object: Pick<StoredObject, "body" | "type" | "metadata">, conditions: Conditions): StoredObject;
  remove(key: string): void;
  /** All keys, in the order of their UTF-8 bytes. */
  keys(): string[];
};

export function createStore(now: () => number): Store {
  const objects = new Map<string, StoredObject>();
  let sorted: string[] | null = null;
  return {
    get: (key) => objects.get(key),
    put(key, { body, type, metadata }, conditions) {
      const there = objects.get(key);
      checkWrite(there, conditions);
      if (!there) sorted = null;
      const etag = createHash("md5").update(body).digest("hex");
      const object = { body, type, metadata, etag, storedAtMs: now() };
      objects.set(key, object);
      return object;
    },
    remove(key) {
      if (objects.delete(key)) sorted = null;
    },
    keys() {
      sorted ??= [...objects.keys()]
        .map((key) => ({ key, bytes: Buffer.from(key) }))
        .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
        .map(({ key }) => key);
      return sorted;
    },
  };
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
