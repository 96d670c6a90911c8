/**
 * Records in S3, one object each.
 *
 *     jobs/<owner>/<folder>/job.json    changed by If-Match on its etag alone
 *     jobs/<owner>/<folder>/c/<n>/…     of a child, likewise
 *     due/<moment>/<owner>/<id>         empty
 *     idempotency/<owner>/<sha256>      what the key stands for; the bucket's lifecycle takes it away
 *     locks/<name>                      notes
 *
 * A write whose reply was lost is repeated by the SDK and then meets itself: 412. So `precondition_failed` may be one's own
 * write, and `storage_unavailable` may be a write that was made; `jobs.ts` reads and looks for its nonce. An age is a whole
 * number of seconds, Date less Last-Modified, both by S3's clock.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import {
  childrenPrefix,
  idempotencyKey,
  jobFolderId,
  jobPrefix,
  noteKey,
  ownerPrefix,
  timerKey,
  timerOfKey,
} from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import type { Notes } from "../notes.ts";
import type { IdempotencyEntry, IdempotencyKeys, Records, StoredRecord, Timers } from "../records.ts";
import { asStorageError, bareEtag, replyTimeMs, statusOf, untilNoConflict } from "../storage/s3-replies.ts";
import { childNumbers, countYoung, cursorFolder } from "./folders.ts";
import { createWatchers } from "./watchers.ts";

/** Whoever waits for a change that another machine makes looks this often, unless told otherwise. */
const LOOK_MS = 1000;
const READ_AT_ONCE = 16;

export function s3Records({ client, bucket, clock }: { client: S3Client; bucket: string; clock: Clock }): Records {
  const objects = s3Objects(client, bucket);
  const watchers = createWatchers();
  const keyOf = (owner: string, id: string) => `${jobPrefix(owner, id)}job.json`;

  const write = async (record: JobRecord, condition: Condition, refused: string): Promise<StoredRecord> => {
    const text = JSON.stringify(record);
    const etag = await objects.put(keyOf(record.owner, record.id), text, condition);
    if (etag === null) throw new AppError("precondition_failed", refused);
    watchers.wake(jobPrefix(record.owner, record.id));
    return { record: JSON.parse(text) as JobRecord, etag, ageMs: 0 };
  };

  const get = async (owner: string, id: string): Promise<StoredRecord | null> => {
    const found = await objects.get(keyOf(owner, id));
    return found && { record: JSON.parse(found.text) as JobRecord, etag: found.etag, ageMs: found.ageMs };
  };

  return {
    create: (record) => write(record, { IfNoneMatch: "*" }, "There is a job with this id already."),
    get,
    replace: (record, etag) => write(record, { IfMatch: etag }, "The job was changed meanwhile."),

    async remove(owner, id) {
      await objects.remove(keyOf(owner, id));
      watchers.wake(jobPrefix(owner, id));
    },

    async list(owner, { limit, cursor }) {
      const prefix = ownerPrefix(owner);
      const records: JobRecord[] = [];
      let last = cursor === undefined ? null : cursorFolder(cursor);
      for (;;) {
        const wanted = limit - records.length;
        // "0" comes after "/": everything in that folder is passed
        const after = last === null ? {} : { StartAfter: `${prefix}${last}0` };
        const page = await objects.list({ Prefix: prefix, Delimiter: "/", MaxKeys: wanted + 1, ...after });
        const folders = page.prefixes.map((path) => path.slice(prefix.length, -1));
        const jobs = folders.slice(0, wanted).filter((name) => jobFolderId(name) !== null);
        for (let next = 0; next < jobs.length; next += READ_AT_ONCE) {
          const some = jobs.slice(next, next + READ_AT_ONCE);
          const found = await Promise.all(some.map((name) => get(owner, jobFolderId(name)!)));
          records.push(...found.filter((stored) => stored !== null).map((stored) => stored.record));
        }
        const more = folders.length > wanted || page.truncated;
        last = folders.slice(0, wanted).at(-1) ?? last;
        if (!more || records.length >= limit) return { records, cursor: more ? last : null };
      }
    },

    async countSince(owner, sinceMs, most) {
      const prefix = ownerPrefix(owner);
      // the newest come first
      const page = await objects.list({ Prefix: prefix, Delimiter: "/", MaxKeys: most });
      const folders = page.prefixes.map((path) => path.slice(prefix.length, -1));
      return countYoung(folders, sinceMs, most);
    },

    async children(owner, root) {
      const prefix = childrenPrefix(owner, root);
      const folders: string[] = [];
      let token: string | undefined;
      do {
        const after = token ? { ContinuationToken: token } : {};
        const page = await objects.list({ Prefix: prefix, Delimiter: "/", ...after });
        folders.push(...page.prefixes.map((path) => path.slice(prefix.length, -1)));
        token = page.token;
      } while (token);
      return childNumbers(folders);
    },

    // does not look itself, because whoever waits does, and each look is paid for
    async changed(owner, id, _rev, signal, lookMs = LOOK_MS) {
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      await Promise.race([watchers.wait(jobPrefix(owner, id), either), clock.sleep(lookMs, either)]);
      done.abort();
    },

    timers: s3Timers(objects),
    keys: s3Keys(objects),
    notes: s3Notes(objects),
  };
}

function s3Timers(objects: Objects): Timers {
  return {
    async arm(timer) {
      await objects.put(timerKey(timer), "", {});
    },
    async drop(timer) {
      await objects.remove(timerKey(timer));
    },
    async *due(untilMs) {
      let token: string | undefined;
      do {
        const page = await objects.list({ Prefix: "due/", ...(token ? { ContinuationToken: token } : {}) });
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

function s3Keys(objects: Objects): IdempotencyKeys {
  const read = async (key: string): Promise<IdempotencyEntry | null> => {
    const found = await objects.get(key);
    return found && (JSON.parse(found.text) as IdempotencyEntry);
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
  };
}

function s3Notes(objects: Objects): Notes {
  return {
    get: async (name) => objects.get(noteKey(name)),
    put: async (name, text, etag) =>
      objects.put(noteKey(name), text, etag === null ? { IfNoneMatch: "*" } : { IfMatch: etag }),
  };
}

type Condition = { IfNoneMatch?: "*"; IfMatch?: string };
type Listing = { keys: string[]; prefixes: string[]; truncated: boolean; token: string | undefined };
type Objects = {
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

/** Small texts by key, errors translated. */
function s3Objects(client: S3Client, Bucket: string): Objects {
  return {
    put: async (Key, text, condition) => {
      const Body = Buffer.from(text);
      const command = {
        Bucket,
        Key,
        Body,
        ContentLength: Body.byteLength,
        ContentType: "application/json",
        ...condition,
      };
      try {
        return bareEtag((await untilNoConflict(() => client.send(new PutObjectCommand(command)))).ETag);
      } catch (error) {
        // 404: If-Match on what is gone
        if (statusOf(error) === 412 || (condition.IfMatch && statusOf(error) === 404)) return null;
        throw asStorageError(error);
      }
    },
    get: async (Key) => {
      try {
        const reply = await client.send(new GetObjectCommand({ Bucket, Key }));
        const ageMs = Math.max(0, replyTimeMs(reply) - (reply.LastModified?.getTime() ?? 0));
        return { text: (await reply.Body?.transformToString()) ?? "", etag: bareEtag(reply.ETag), ageMs };
      } catch (error) {
        if (statusOf(error) === 404) return null;
        throw asStorageError(error);
      }
    },
    remove: async (Key) => {
      try {
        await client.send(new DeleteObjectCommand({ Bucket, Key }));
      } catch (error) {
        throw asStorageError(error);
      }
    },
    list: async (query) => {
      try {
        const reply = await client.send(new ListObjectsV2Command({ Bucket, ...query }));
        return {
          keys: (reply.Contents ?? []).map(({ Key = "" }) => Key),
          prefixes: (reply.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix),
          truncated: reply.IsTruncated ?? false,
          token: reply.NextContinuationToken,
        };
      } catch (error) {
        throw asStorageError(error);
      }
    },
  };
}
