/** A request as the handlers see it, and what they answer. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";
import type { Store } from "./store.ts";

export type Action = "s3:GetObject" | "s3:PutObject" | "s3:DeleteObject" | "s3:ListBucket" | "s3:AbortMultipartUpload";

/** Who may call. `allows` is asked with a key, or with the prefix of a listing; without it everything is allowed. */
export type Role = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  allows?: ((action: Action, key: string) => boolean) | undefined;
};

export type S3Request = {
  method: string;
  key: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
  role: Role;
  store: Store;
  bucket: string;
};

export type S3Reply = { status: number; headers: Record<string, string>; body: string | Uint8Array };

/** Throws `AccessDenied`. */
export function demand({ role }: Pick<S3Request, "role">, action: Action, key: string): void {
  if (role.allows && !role.allows(action, key)) {
    throw new S3Error("AccessDenied", `${role.accessKeyId} is not authorized to perform: ${action}`);
  }
}

/** Throws `NotImplemented` for parameters and `x-amz-` headers that this double does not know. */
export function refuseUnknown({ query, headers }: S3Request, params: string[], amzHeaders: RegExp): void {
  for (const name of query.keys()) {
    if (/^(X-Amz-.*|x-id|x-amz-checksum-mode)$/.test(name) || params.includes(name)) continue;
    throw new S3Error("NotImplemented", `The parameter ${name} is not supported.`);
  }
  for (const name of Object.keys(headers)) {
    if (!name.startsWith("x-amz-") || COMMON_HEADERS.test(name) || amzHeaders.test(name)) continue;
    throw new S3Error("NotImplemented", `The header ${name} is not supported.`);
  }
}

const COMMON_HEADERS = /^x-amz-(date|content-sha256|security-token|user-agent|checksum-mode)$/;

/** Content-MD5 and the checksums of the headers; `needed`: one of them has to be there. */
export function checkChecksums(headers: Record<string, string>, body: Uint8Array, needed = false): void {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  const expected: Record<string, string> = {
    "content-md5": createHash("md5").update(body).digest("base64"),
    "x-amz-checksum-sha256": createHash("sha256").update(body).digest("base64"),
    "x-amz-checksum-crc32": crc.toString("base64"),
  };
  const given = Object.keys(expected).filter((name) => headers[name] !== undefined);
  if (needed && given.length === 0) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 or a checksum");
  }
  for (const name of given) {
    if (headers[name] === expected[name]) continue;
    if (Buffer.from(headers[name]!, "base64").length !== Buffer.from(expected[name]!, "base64").length) {
      throw new S3Error("InvalidDigest", `The ${name} you specified is not valid.`);
    }
    throw new S3Error("BadDigest", `The ${name} you specified did not match what we received.`);
  }
}

export function xml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
}
