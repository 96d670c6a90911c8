/** ListObjectsV2 and DeleteObjects. */
import { escapeXml, S3Error, unescapeXml } from "./errors.ts";
import { checkChecksums, demand, refuseUnknown, type S3Reply, type S3Request, xml } from "./request.ts";

const MAX_KEYS = 1000;

export function listObjects(request: S3Request): S3Reply {
  const params = ["list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys"];
  refuseUnknown(request, params, /^$/);
  const { query, store, bucket } = request;
  if (query.get("list-type") !== "2") throw new S3Error("NotImplemented", "Only ListObjectsV2 is supported.");
  const prefix = query.get("prefix") ?? "";
  demand(request, "s3:ListBucket", prefix);
  const delimiter = query.get("delimiter") ?? "";
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
  const maxKeys = Math.min(Number(query.get("max-keys") ?? MAX_KEYS), MAX_KEYS);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Error("InvalidArgument", "max-keys is not valid.");
  if (token !== null && (after === "" || Buffer.from(after).toString("base64url") !== token)) {
    throw new S3Error("InvalidArgument", "The continuation token provided is incorrect");
  }

  const entries = entriesAfter(store.keysFrom(after.startsWith(prefix) ? after : prefix), {
    prefix,
    delimiter,
    after,
    maxKeys,
  });
  const page = entries.slice(0, maxKeys);
  const truncated = entries.length > maxKeys && maxKeys > 0;
  const last = page.at(-1);
  const content = [
    `<Name>${bucket}</Name><Prefix>${escapeXml(prefix)}</Prefix><MaxKeys>${maxKeys}</MaxKeys>`,
    `<KeyCount>${page.length}</KeyCount><IsTruncated>${truncated}</IsTruncated>`,
    truncated && last
      ? `<NextContinuationToken>${Buffer.from(last).toString("base64url")}</NextContinuationToken>`
      : "",
    ...page.map((entry) => {
      const object = store.get(entry);
      if (!object) return `<CommonPrefixes><Prefix>${escapeXml(entry)}</Prefix></CommonPrefixes>`;
      const modified = new Date(Math.floor(object.storedAtMs / 1000) * 1000).toISOString();
      return (
        `<Contents><Key>${escapeXml(entry)}</Key><LastModified>${modified}</LastModified>` +
        `<ETag>&quot;${object.etag}&quot;</ETag><Size>${object.body.byteLength}</Size></Contents>`
      );
    }),
  ].join("");
  return { status: 200, headers: { "Content-Type": "application/xml" }, body: xml("ListBucketResult", content) };
}

/** Keys and common prefixes, in byte order, as far as one more than a page. */
function entriesAfter(
  keys: Iterable<string>,
  { prefix, delimiter, after, maxKeys }: { prefix: string; delimiter: string; after: string; maxKeys: number },
): string[] {
  const afterBytes = Buffer.from(after);
  const entries: string[] = [];
  for (const key of keys) {
    if (!key.startsWith(prefix)) break;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (
      after !== "" &&
      (Buffer.compare(Buffer.from(entry), afterBytes) <= 0 || (cut >= 0 && after.startsWith(entry)))
    ) {
      continue;
    }
    if (entries.at(-1) !== entry) entries.push(entry);
    if (entries.length > maxKeys) break;
  }
  return entries;
}

export function deleteObjects(request: S3Request): S3Reply {
  refuseUnknown(request, ["delete"], /^x-amz-(checksum-(sha256|crc32)|sdk-checksum-algorithm)$/);
  const { body, headers, store } = request;
  checkChecksums(headers, body, true);
  const text = body.toString();
  const objects = [...text.matchAll(/<Object>(.*?)<\/Object>/gs)].map((match) => match[1]!);
  const keys = objects.map((object) => unescapeXml(/<Key>(.*?)<\/Key>/s.exec(object)?.[1] ?? ""));
  if (keys.length === 0 || keys.length > MAX_KEYS || keys.includes("")) {
    throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
  }
  if (objects.some((object) => /<(ETag|VersionId)>/.test(object))) {
    throw new S3Error("NotImplemented", "Conditions on batch deletes are not supported.");
  }
  const results = keys.map((key) => {
    const named = `<Key>${escapeXml(key)}</Key>`;
    try {
      demand(request, "s3:DeleteObject", key);
    } catch {
      return `<Error>${named}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>`;
    }
    store.remove(key);
    return /<Quiet>true<\/Quiet>/.test(text) ? "" : `<Deleted>${named}</Deleted>`;
  });
  return { status: 200, headers: { "Content-Type": "application/xml" }, body: xml("DeleteResult", results.join("")) };
}
