/** CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload. */
import { randomUUID } from "node:crypto";
import { S3Error, unescapeXml } from "./errors.ts";
import { checkKey, conditionsOf, metadataOf, typeOf } from "./objects.ts";
import { checkChecksums, demand, refuseUnknown, type S3Reply, type S3Request, xml } from "./request.ts";
import { md5Hex, type Part, type Unfinished } from "./store.ts";

const MOST_PARTS = 10_000;
/** Of every part but the last. */
const SMALLEST_PART = 5 * 1024 ** 2;
const XML = { "Content-Type": "application/xml" };

export function createUpload(request: S3Request): S3Reply {
  refuseUnknown(request, ["uploads"], /^x-amz-(meta-.+|checksum-algorithm)$/);
  const { key, headers, store, bucket } = request;
  demand(request, "s3:PutObject", key);
  checkKey(key);
  const algorithm = headers["x-amz-checksum-algorithm"];
  if (algorithm !== undefined && algorithm !== "SHA256") {
    throw new S3Error("NotImplemented", "Only SHA256 is supported as the checksum of parts.");
  }
  const id = randomUUID();
  const about = { type: typeOf(headers), metadata: metadataOf(headers), summed: algorithm !== undefined };
  store.unfinished.set(id, { key, ...about, parts: new Map() });
  const content = `<Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId>`;
  return { status: 200, headers: XML, body: xml("InitiateMultipartUploadResult", content) };
}

export function uploadPart(request: S3Request): S3Reply {
  refuseUnknown(request, ["uploadId", "partNumber"], /^x-amz-checksum-(sha256|crc32)$/);
  const { key, headers, body, query } = request;
  demand(request, "s3:PutObject", key);
  const upload = find(request);
  const number = Number(query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) {
    throw new S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  const sha256 = headers["x-amz-checksum-sha256"] ?? null;
  if (upload.summed && sha256 === null) throw new S3Error("InvalidRequest", "The part has no checksum.");
  checkChecksums(headers, body);
  const part = { body, etag: md5Hex(body), sha256 };
  upload.parts.set(number, part);
  return { status: 200, headers: { ETag: `"${part.etag}"` }, body: "" };
}

export function completeUpload(request: S3Request): S3Reply {
  refuseUnknown(request, ["uploadId"], /^$/);
  const { key, query, store, bucket } = request;
  demand(request, "s3:PutObject", key);
  const upload = find(request);
  const parts = partsOf(request, upload);
  const etag = `${md5Hex(Buffer.concat(parts.map((part) => Buffer.from(part.etag, "hex"))))}-${parts.length}`;
  const { type, metadata } = upload;
  const object = { body: Buffer.concat(parts.map(({ body }) => body)), type, metadata, etag };
  store.put(key, object, conditionsOf(request));
  store.unfinished.delete(query.get("uploadId")!);
  const content = `<Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>&quot;${etag}&quot;</ETag>`;
  return { status: 200, headers: XML, body: xml("CompleteMultipartUploadResult", content) };
}

export function abortUpload(request: S3Request): S3Reply {
  refuseUnknown(request, ["uploadId"], /^$/);
  demand(request, "s3:AbortMultipartUpload", request.key);
  find(request);
  request.store.unfinished.delete(request.query.get("uploadId")!);
  return { status: 204, headers: {}, body: "" };
}

function find({ store, query, key }: S3Request): Unfinished {
  const upload = store.unfinished.get(query.get("uploadId") ?? "");
  if (upload?.key === key) return upload;
  throw new S3Error("NoSuchUpload", "The specified upload does not exist. It may have been aborted or completed.");
}

/** Those that are asked for, in their order. */
function partsOf({ body }: S3Request, upload: Unfinished): Part[] {
  const asked = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => {
    const field = (name: string) => unescapeXml(new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(part)?.[1] ?? "");
    return { number: Number(field("PartNumber")), etag: field("ETag"), sha256: field("ChecksumSHA256") };
  });
  if (asked.length === 0) {
    throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
  }
  return asked.map(({ number, etag, sha256 }, nth) => {
    const part = upload.parts.get(number);
    if (nth > 0 && number <= asked[nth - 1]!.number) {
      throw new S3Error("InvalidPartOrder", "The list of parts was not in ascending order.");
    }
    const same = part?.etag === etag.replaceAll('"', "") && (!upload.summed || part.sha256 === sha256);
    if (!part || !same) throw new S3Error("InvalidPart", "One or more of the specified parts could not be found.");
    if (nth < asked.length - 1 && part.body.byteLength < SMALLEST_PART) {
      throw new S3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
    }
    return part;
  });
}
