/**
 * Files in S3. Keys are those of `keys.ts`; an object is written once (`If-None-Match`), and each write carries a token in its
 * metadata, by which a writer whose first reply was lost sees that the file which is "there already" is its own. This file is long
 * because only the adapters themselves import the SDK.
 */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { ByteRange, FileInfo, Files, ListedFile, PutOptions } from "../files.ts";
import { newToken } from "../job/ids.ts";
import { checkFileKey, FILE_ROOTS, isFileKey, uploadOfKey } from "../job/keys.ts";
import { UPLOAD_LIFE_MS } from "../job/record.ts";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";
import {
  asStorageError,
  bareEtag,
  noteReplyTime,
  replyTimeMs,
  statusOf,
  triesOf,
  untilNoConflict,
} from "../storage/s3-replies.ts";
import { checkedBody } from "./body.ts";
import { type BodyPart, partsOf } from "./parts.ts";
import { signedFormFields } from "./s3-form.ts";
import { beginParts, MAX_PARTS, type PartsTarget, type PartsUpload } from "./s3-parts.ts";
import { type S3Body, streamOf } from "./s3-stream.ts";

/** Longer links would gain nothing: a client that may read the file asks for a new one. */
const LINK_LIFE_MS = 15 * 60_000;
/** What is larger goes in parts of this size, or larger ones where they would be too many. */
const PART_BYTES = 8 * 1024 * 1024;
const SIGNED_HEADERS = ["content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"];

/** The client that records and files share. With a custom endpoint, the bucket is a part of the path. */
export function createS3Client(options: AwsClientOptions): S3Client {
  const client = new S3Client({
    ...awsClientConfig(options),
    ...(options.endpoint ? { forcePathStyle: true } : {}),
    // otherwise presigned links would carry the checksum of an empty body
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // errors reach the caller; the SDK would say them to the console as well
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    requestHandler: { connectionTimeout: 3000, socketTimeout: 15_000 },
  });
  const noteTime = { step: "deserialize", name: "noteReplyTime", priority: "high" } as const;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (result.output)
        noteReplyTime(result.output, (result.response as { headers?: Record<string, string> }).headers);
      return result;
    },
    noteTime,
  );
  return client;
}

/** `maxBytes`: of a file; by default what S3 takes in 10,000 parts: 78 GiB, or more where the length is told before. */
export function s3Files({
  client,
  bucket,
  clock,
  maxBytes,
}: {
  client: S3Client;
  bucket: string;
  clock: Clock;
  maxBytes?: number;
}): Files {
  const at = (key: string) => ({ Bucket: bucket, Key: checkFileKey(key) });
  const head = async (key: string) => {
    const reply = await client.send(new HeadObjectCommand(at(key)));
    return { info: infoOf(key, reply, reply.ContentLength ?? 0), write: reply.Metadata?.write };
  };
  const expiresIn = (expiresAtMs: number, longestMs: number): { expiresIn: number; signingDate: Date } => {
    const nowMs = Math.floor(clock.now() / 1000) * 1000;
    const seconds = Math.floor(Math.min(expiresAtMs - nowMs, longestMs) / 1000);
    return { expiresIn: Math.max(1, seconds), signingDate: new Date(nowMs) };
  };

  return {
    async put(key, body, options) {
      const target = { ...at(key), type: options.type, write: newToken() };
      const partBytes = Math.max(PART_BYTES, Math.ceil((options.bytes ?? 0) / MAX_PARTS));
      const most = maxBytes ?? partBytes * MAX_PARTS;
      const checked = checkedBody(body, { ...options, maxBytes: Math.min(options.maxBytes ?? most, most) });
      const stored = await putBody(client, target, partsOf(checked.chunks, partBytes), {
        sha256: () => checked.sum().sha256,
        mine: async () => {
          const there = await head(key);
          return there.write === target.write ? there.info : null;
        },
        signal: options.signal,
      });
      const { etag, storedAtMs } = stored;
      return { key, ...checked.sum(), type: options.type, etag, storedAtMs };
    },

    get: (key, { range, signal } = {}) =>
      translated(signal, async () => {
        signal?.throwIfAborted();
        const command = new GetObjectCommand({ ...at(key), ...(range ? { Range: rangeHeader(range) } : {}) });
        const reply = await client.send(command, signal ? { abortSignal: signal } : {}).catch((error: unknown) => {
          if (statusOf(error) !== 416) throw error;
          throw outside();
        });
        const length = reply.ContentLength ?? 0;
        const [, first, last, bytes] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(reply.ContentRange ?? "") ?? [];
        const whole = range ? { first: 0, last: length - 1 } : null;
        return {
          ...infoOf(key, reply, bytes === undefined ? length : Number(bytes)),
          range: bytes === undefined ? whole : { first: Number(first), last: Number(last) },
          body: streamOf(reply.Body as S3Body, length, signal),
        };
      }),

    copy: (from, to, etag) =>
      translated(undefined, async () => {
        const source = `${bucket}/${checkFileKey(from)}`;
        const copy = { ...at(to), CopySource: source, CopySourceIfMatch: etag, IfNoneMatch: "*" };
        try {
          await untilNoConflict(() => client.send(new CopyObjectCommand(copy)));
        } catch (error) {
          if (statusOf(error) !== 412) throw error;
          const there = await head(to).catch((missing: unknown) => {
            if (statusOf(missing) !== 404) throw missing;
            throw new AppError("precondition_failed", "The file has changed.", { cause: error });
          });
          // refused only because a try before, whose reply was lost, had made the copy; one of a file that came in parts has another etag
          const same = async () =>
            there.info.etag === etag || (there.write !== undefined && there.write === (await head(from)).write);
          const mine = triesOf(error) > 1 && (await same());
          if (!mine) throw taken();
        }
      }),

    link: (key, { method, expiresAtMs, type, disposition }) =>
      translated(undefined, () => {
        const file = { ...at(key), ResponseContentType: type, ResponseContentDisposition: disposition };
        const time = expiresIn(expiresAtMs, LINK_LIFE_MS);
        return method === "HEAD"
          ? getSignedUrl(client, new HeadObjectCommand(file), time)
          : getSignedUrl(client, new GetObjectCommand(file), time);
      }),

    uploadLink: (key, { type, bytes, sha256, expiresAtMs }) =>
      translated(undefined, async () => {
        const checksum = sha256 === undefined ? null : Buffer.from(sha256, "hex").toString("base64");
        const command = new PutObjectCommand({
          ...at(key),
          ContentType: type,
          ContentLength: bytes,
          IfNoneMatch: "*",
          ...(checksum ? { ChecksumSHA256: checksum } : {}),
        });
        const url = await getSignedUrl(client, command, {
          ...expiresIn(expiresAtMs, UPLOAD_LIFE_MS),
          signableHeaders: new Set(SIGNED_HEADERS),
          // in the query S3 would not look at it
          unhoistableHeaders: new Set(["x-amz-checksum-sha256"]),
        });
        const headers = { "Content-Type": type, "If-None-Match": "*" };
        return { url, headers: checksum ? { ...headers, "x-amz-checksum-sha256": checksum } : headers };
      }),

    uploadForm: (key, { type, maxBytes, expiresAtMs }) =>
      translated(undefined, async () => {
        const file = at(key);
        const url = new URL(await getSignedUrl(client, new GetObjectCommand(file)));
        const credentials = await client.config.credentials();
        const region = await client.config.region();
        const nowMs = clock.now();
        const untilMs = Math.min(expiresAtMs, nowMs + UPLOAD_LIFE_MS);
        const policy = { bucket, key, region, credentials, type, maxBytes, nowMs, expiresAtMs: untilMs };
        // an address of the file, less the file
        const path = url.pathname.slice(0, url.pathname.length - key.length - 1);
        return { url: `${url.origin}${path}/`, fields: signedFormFields(policy) };
      }),

    async *list(prefix) {
      for await (const page of pages(client, bucket, prefix)) yield* page;
    },

    async purge(prefix) {
      // nothing lies below an upload, so that there is nothing to list
      if (uploadOfKey(prefix)) {
        await translated(undefined, () => client.send(new DeleteObjectCommand(at(prefix))));
        return;
      }
      for await (const page of pages(client, bucket, prefix)) {
        await translated(undefined, async () => {
          const Objects = page.map(({ key }) => ({ Key: key }));
          if (Objects.length === 0) return;
          const reply = await client.send(
            new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
          );
          const [error] = reply.Errors ?? [];
          if (error) throw new Error(`${error.Key} could not be deleted: ${error.Code}`);
        });
      }
    },
  };
}

type Stored = Pick<FileInfo, "etag" | "storedAtMs">;
/** `sha256`: of the whole, once all of it has come. `mine`: what is there, where it is of this very write. */
type PutContext = {
  sha256: () => string;
  mine: () => Promise<Stored | null>;
  signal: AbortSignal | undefined;
};

/** In one request where there is one part. What the parts throw is passed on. */
async function putBody(
  client: S3Client,
  target: PartsTarget,
  parts: AsyncIterable<BodyPart>,
  { sha256, mine, signal }: PutContext,
): Promise<Stored> {
  const call = <T>(run: () => Promise<T>) =>
    run().catch((error: unknown) => {
      throw asStorageError(error, signal);
    });
  // refused, or an upload that is no longer there, also because a try before, whose reply was lost, has stored it
  const once = (run: () => Promise<Stored>) =>
    call(() =>
      run().catch(async (error: unknown) => {
        if (statusOf(error) !== 412 && statusOf(error) !== 404) throw error;
        const there = await mine().catch(() => null);
        if (there) return there;
        throw statusOf(error) === 412 ? taken() : error;
      }),
    );
  let upload: PartsUpload | null = null;
  try {
    for await (const { content, last } of parts) {
      if (last && !upload) return await once(() => putWhole(client, target, { content, sha256: sha256() }, signal));
      upload ??= await call(() => beginParts(client, target, signal));
      const { send } = upload;
      await call(() => send(content));
    }
    const { complete } = upload!;
    return await once(async () => {
      const reply = await complete();
      if (reply.ETag) return storedOf(reply);
      // Ceph does not always say it
      const there = await mine();
      if (there) return there;
      throw taken();
    });
  } catch (error) {
    await upload?.abort();
    throw error;
  }
}

/** The SDK repeats it where that may help. */
async function putWhole(
  client: S3Client,
  { Bucket, Key, type, write }: PartsTarget,
  { content, sha256 }: { content: Uint8Array; sha256: string },
  signal: AbortSignal | undefined,
): Promise<Stored> {
  const command = new PutObjectCommand({
    ...{ Bucket, Key, Body: content, ContentLength: content.byteLength, ContentType: type, IfNoneMatch: "*" },
    ...{ Metadata: { write }, ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64") },
  });
  return storedOf(await untilNoConflict(() => client.send(command, signal ? { abortSignal: signal } : {})));
}

function storedOf(reply: { ETag?: string | undefined }): Stored {
  return { etag: bareEtag(reply.ETag), storedAtMs: replyTimeMs(reply) };
}

/** Files page by page; one page is one call. Objects that are not files of this service are left out. */
async function* pages(client: S3Client, bucket: string, prefix: string): AsyncGenerator<ListedFile[]> {
  const path = prefix.replace(/\/$/, "");
  if (prefix !== "") checkFileKey(path);
  const within = (key: string) => prefix === "" || key === prefix || key.startsWith(`${path}/`);
  for (const root of prefix === "" ? FILE_ROOTS.map((name) => `${name}/`) : [prefix]) {
    try {
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: root })) {
        yield (page.Contents ?? [])
          .map(({ Key = "", Size = 0, ETag, LastModified }) => {
            return { key: Key, bytes: Size, etag: bareEtag(ETag), storedAtMs: LastModified?.getTime() ?? 0 };
          })
          .filter(({ key }) => isFileKey(key) && within(key));
      }
    } catch (error) {
      throw asStorageError(error);
    }
  }
}

function infoOf(
  key: string,
  reply: { ETag?: string | undefined; ContentType?: string | undefined; LastModified?: Date | undefined },
  bytes: number,
): FileInfo {
  const { ETag, ContentType, LastModified } = reply;
  return { key, bytes, type: ContentType ?? "", etag: bareEtag(ETag), storedAtMs: LastModified?.getTime() ?? 0 };
}

function rangeHeader({ first, last }: ByteRange): string {
  if (last !== undefined && first >= 0 && last < first) throw outside();
  return first < 0 ? `bytes=${first}` : `bytes=${first}-${last ?? ""}`;
}

async function translated<T>(signal: PutOptions["signal"], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (statusOf(error) === 404) throw new AppError("not_found", "There is no such file.", { cause: error });
    throw asStorageError(error, signal);
  }
}

function taken(): AppError {
  return new AppError("already_exists", "This file has arrived already.");
}

function outside(): AppError {
  return new AppError("range_not_satisfiable", "The range lies outside the file.");
}
