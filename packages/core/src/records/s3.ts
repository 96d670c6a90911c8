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
import { childrenPrefix, jobFolderId, jobPrefix, ownerPrefix } from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import { createUnreadable, messageOf, parseRecord, readable } from "../job/unreadable.ts";
import type { Log } from "../log.ts";
import type { Records, StoredRecord } from "../records.ts";
import { asStorageError, bareEtag, replyTimeMs, statusOf, untilNoConflict } from "../storage/s3-replies.ts";
import { childNumbers, countYoung, cursorFolder } from "./folders.ts";
import { type Condition, type Objects, s3Keys, s3Notes, s3Timers } from "./s3-entries.ts";
import { createWatchers } from "./watchers.ts";

/** How often to look for changes that other machines made, unless the caller says otherwise. */
const LOOK_MS = 1000;
const READ_AT_ONCE = 16;

type S3Options = { client: S3Client; bucket: string; clock: Clock; log?: Log };

export function s3Records({ client, bucket, clock, log }: S3Options): Records {
  const objects = s3Objects(client, bucket);
  const watchers = createWatchers();
  const unreadable = createUnreadable(clock, log);
  const keyOf = (owner: string, id: string) => `${jobPrefix(owner, id)}job.json`;

  const write = async (record: JobRecord, condition: Condition, refused: string): Promise<StoredRecord> => {
    const text = JSON.stringify(record);
    const etag = await objects.put(keyOf(record.owner, record.id), text, condition);
    if (etag === null) throw new AppError("precondition_failed", refused);
    watchers.wake(jobPrefix(record.owner, record.id));
    unreadable.healed(record.owner, record.id);
    return { record: JSON.parse(text) as JobRecord, etag, ageMs: 0 };
  };

  const get = async (owner: string, id: string): Promise<StoredRecord | null> => {
    const key = keyOf(owner, id);
    const found = await objects.get(key);
    if (!found) {
      unreadable.healed(owner, id);
      return null;
    }
    const { text, etag, ageMs } = found;
    try {
      const record = parseRecord(text, owner, id);
      unreadable.healed(owner, id);
      return { record, etag, ageMs };
    } catch (error) {
      throw unreadable.met({ owner, id, rev: 1, etag, ageMs, why: messageOf(error) }, key, error);
    }
  };

  return {
    create: (record) => write(record, { IfNoneMatch: "*" }, "There is a job with this id already."),
    get,
    replace: (record, etag) => write(record, { IfMatch: etag }, "The job was changed meanwhile."),

    async remove(owner, id) {
      await objects.remove(keyOf(owner, id));
      unreadable.healed(owner, id);
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
          const found = await Promise.all(some.map((name) => readable(() => get(owner, jobFolderId(name)!))));
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

    // does not look itself, because its callers do, and each look costs money
    async changed(owner, id, _rev, signal, lookMs = LOOK_MS) {
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      await Promise.race([watchers.wait(jobPrefix(owner, id), either), clock.sleep(lookMs, either)]);
      done.abort();
    },

    unreadable: unreadable.count,
    timers: s3Timers(objects),
    keys: s3Keys(objects),
    notes: s3Notes(objects),
  };
}

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
