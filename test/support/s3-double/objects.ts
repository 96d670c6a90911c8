/** GetObject, HeadObject, PutObject, CopyObject, DeleteObject. */
import { escapeXml, S3Error } from "./errors.ts";
import { checkChecksums, demand, refuseUnknown, type S3Reply, type S3Request, xml } from "./request.ts";
import { preconditionFailed, type StoredObject, sameEtag } from "./store.ts";

const LONGEST_KEY = 1024;
const LARGEST_PUT = 5 * 1024 ** 3;

export function getObject(request: S3Request): S3Reply {
  refuseUnknown(request, ["response-content-type", "response-content-disposition"], /^$/);
  const { headers, query } = request;
  const object = find(request, request.key);
  const reply: Record<string, string> = {
    ETag: `"${object.etag}"`,
    "Last-Modified": new Date(object.storedAtMs).toUTCString(),
    "Accept-Ranges": "bytes",
    "Content-Type": query.get("response-content-type") ?? object.type,
    ...object.metadata,
  };
  const disposition = query.get("response-content-disposition");
  if (disposition !== null) reply["Content-Disposition"] = disposition;
  if (headers["if-match"] !== undefined && !sameEtag(headers["if-match"], object.etag)) throw preconditionFailed();
  if (headers["if-none-match"] !== undefined && sameEtag(headers["if-none-match"], object.etag)) {
    return { status: 304, headers: reply, body: "" };
  }
  const bytes = object.body.byteLength;
  const range = rangeOf(headers.range, bytes);
  if (!range) return { status: 200, headers: { ...reply, "Content-Length": String(bytes) }, body: object.body };
  const body = object.body.subarray(range.first, range.last + 1);
  reply["Content-Range"] = `bytes ${range.first}-${range.last}/${bytes}`;
  return { status: 206, headers: { ...reply, "Content-Length": String(body.byteLength) }, body };
}

export function putObject(request: S3Request): S3Reply {
  if (request.headers["x-amz-copy-source"] !== undefined) return copyObject(request);
  refuseUnknown(request, [], /^x-amz-(meta-.+|checksum-(sha256|crc32)|sdk-checksum-algorithm)$/);
  const { key, headers, body, store } = request;
  demand(request, "s3:PutObject", key);
  checkKey(key);
  if (headers["content-length"] === undefined) {
    throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  if (body.byteLength > LARGEST_PUT) throw new S3Error("EntityTooLarge", "The object is too large.");
  checkChecksums(headers, body);
  const object = store.put(key, { body, type: typeOf(headers), metadata: metadataOf(headers) }, conditionsOf(request));
  return { status: 200, headers: { ETag: `"${object.etag}"` }, body: "" };
}

function copyObject(request: S3Request): S3Reply {
  refuseUnknown(request, [], /^x-amz-(meta-.+|copy-source(-if-match)?|metadata-directive)$/);
  const { key, headers, store, bucket } = request;
  const from = decodeURIComponent(headers["x-amz-copy-source"]!).replace(/^\//, "");
  if (!from.startsWith(`${bucket}/`)) throw new S3Error("NoSuchBucket", "The specified bucket does not exist");
  demand(request, "s3:PutObject", key);
  checkKey(key);
  const source = find(request, from.slice(bucket.length + 1));
  const ifMatch = headers["x-amz-copy-source-if-match"];
  if (ifMatch !== undefined && !sameEtag(ifMatch, source.etag)) throw preconditionFailed();
  const replace = headers["x-amz-metadata-directive"] === "REPLACE";
  const { type, metadata } = replace ? { type: typeOf(headers), metadata: metadataOf(headers) } : source;
  const object = store.put(key, { body: source.body, type, metadata }, conditionsOf(request));
  const modified = new Date(object.storedAtMs).toISOString();
  const content = `<LastModified>${modified}</LastModified><ETag>${escapeXml(`"${object.etag}"`)}</ETag>`;
  return { status: 200, headers: { "Content-Type": "application/xml" }, body: xml("CopyObjectResult", content) };
}

export function deleteObject(request: S3Request): S3Reply {
  refuseUnknown(request, [], /^$/);
  const { key, headers, store } = request;
  demand(request, "s3:DeleteObject", key);
  const there = store.get(key);
  if (headers["if-match"] !== undefined && there && !sameEtag(headers["if-match"], there.etag))
    throw preconditionFailed();
  store.remove(key);
  return { status: 204, headers: {}, body: "" };
}

/** Whoever may not list is not told that a key is missing. */
function find(request: S3Request, key: string): StoredObject {
  demand(request, "s3:GetObject", key);
  const object = request.store.get(key);
  if (object) return object;
  demand(request, "s3:ListBucket", key);
  throw new S3Error("NoSuchKey", "The specified key does not exist.");
}

export function conditionsOf(request: S3Request) {
  const { headers, key } = request;
  if (headers["if-match"] !== undefined) demand(request, "s3:GetObject", key);
  return { ifNoneMatch: headers["if-none-match"], ifMatch: headers["if-match"] };
}

/** Null when there is none that S3 would follow: then the whole object is meant. */
function rangeOf(header: string | undefined, bytes: number): { first: number; last: number } | null {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!parts || (parts[1] === "" && parts[2] === "")) return null;
  const suffix = parts[1] === "";
  const first = suffix ? Math.max(0, bytes - Number(parts[2])) : Number(parts[1]);
  const last = suffix || parts[2] === "" ? bytes - 1 : Math.min(Number(parts[2]), bytes - 1);
  if (!suffix && parts[2] !== "" && Number(parts[2]) < first) return null;
  if (first > last) {
    throw new S3Error("InvalidRange", "The requested range is not satisfiable", {
      "Content-Range": `bytes */${bytes}`,
    });
  }
  return { first, last };
}

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > LONGEST_KEY) throw new S3Error("KeyTooLongError", "Your key is too long");
}

export function typeOf(headers: Record<string, string>): string {
  return headers["content-type"] ?? "binary/octet-stream";
}

export function metadataOf(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-")));
}
