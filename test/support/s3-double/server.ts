/**
 * A strict S3 on loopback, for tests: one bucket in memory, by the clock that it is given. It checks what S3 checks
 * (signatures, times, signed headers, conditions, checksums, policies, roles), answers 501 to what it does not know, and fails
 * by plan (`faults.ts`). Path style only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { deleteObjects, listObjects } from "./bucket.ts";
import { type CorsRule, corsHeaders, preflight } from "./cors.ts";
import { escapeXml, S3Error } from "./errors.ts";
import { createFaults, errorOf, type Fault, type Faults, type Operation } from "./faults.ts";
import { postObject } from "./form.ts";
import { deleteObject, getObject, putObject } from "./objects.ts";
import { abortUpload, completeUpload, createUpload, uploadPart } from "./parts.ts";
import type { Role, S3Reply, S3Request } from "./request.ts";
import { checkBodyHash, checkSignature, readSignature } from "./signature.ts";
import { createStore, type Store } from "./store.ts";

export type { CorsRule } from "./cors.ts";
export type { Call, Fault } from "./faults.ts";
export type { Action, Role } from "./request.ts";

export type S3DoubleOptions = {
  clock: { now(): number };
  roles: Role[];
  bucket?: string;
  region?: string;
  cors?: CorsRule[];
  /** Told of each object that PutObject has stored, and by whose key. */
  onPut?: (put: { key: string; body: Uint8Array; by: string }) => void;
};

/** `status` 0: the connection was cut. */
export type Seen = { operation: Operation; key: string; status: number; headers: Record<string, string> };

export type S3Double = {
  /** `http://127.0.0.1:<port>` */
  endpoint: string;
  bucket: string;
  region: string;
  store: Store;
  faults: Faults;
  /** Every request so far, in the order of their ends. */
  seen: Seen[];
  close(): Promise<void>;
};

export async function startS3Double(options: S3DoubleOptions): Promise<S3Double> {
  const { clock, bucket = "smileloop", region = "us-east-1", cors = [], onPut = () => {} } = options;
  const settings = { clock, roles: options.roles, bucket, region, cors, onPut };
  const double = {
    endpoint: "",
    bucket,
    region,
    store: createStore(() => clock.now()),
    faults: createFaults(),
    seen: [],
  };
  // longer than any test leaves a connection idle: one that is closed as it is used again fails with ECONNRESET
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    serve({ ...double, ...settings }, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { ...double, close };
}

type Settings = Required<S3DoubleOptions> & Pick<S3Double, "store" | "faults" | "seen">;

async function serve(settings: Settings, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { faults, seen, bucket, clock } = settings;
  const [path = "/", search = ""] = splitOnce(message.url ?? "/", "?");
  const headers = plainHeaders(message);
  const operation = operationOf(message.method ?? "", path, search, headers, bucket);
  const key = keyOf(path, bucket);
  const body = await readBody(message);
  const fault = operation && faults.take({ operation, key, by: signerOf(headers), body });
  const note = (status: number) => operation && seen.push({ operation, key, status, headers });
  if (fault === "cut") {
    note(0);
    message.socket.destroy();
    return;
  }
  let reply = await answer(settings, { message, path, search, headers, key, body, operation, fault });
  if (fault && typeof fault === "object") await delay(fault.delayMs);
  if (fault === "late_error") reply = errorReply(errorOf(fault)!, message.method === "HEAD");
  if (fault === "lost_reply") {
    note(0);
    message.socket.destroy();
    return;
  }
  note(reply.status);
  response.sendDate = false;
  const length =
    reply.status === 204 || reply.status === 304 ? {} : { "Content-Length": Buffer.byteLength(reply.body) };
  response.writeHead(reply.status, {
    Date: new Date(clock.now()).toUTCString(),
    "x-amz-request-id": String(seen.length),
    ...length,
    ...reply.headers,
    ...corsHeaders(settings.cors, headers.origin, message.method ?? ""),
  });
  const content = Buffer.from(reply.body as Uint8Array);
  if (fault === "half_reply") {
    response.write(content.subarray(0, content.byteLength / 2), () => setImmediate(() => message.socket.destroy()));
  } else response.end(message.method === "HEAD" ? undefined : content);
}

type Received = {
  message: IncomingMessage;
  path: string;
  search: string;
  headers: Record<string, string>;
  key: string;
  body: Buffer;
  operation: Operation | null;
  fault: Fault | null;
};

async function answer(settings: Settings, received: Received): Promise<S3Reply> {
  const { message, operation, fault } = received;
  try {
    if (!operation) throw new S3Error("NotImplemented", "This is not supported.");
    if (operation === "Preflight") return preflight(settings.cors, received.headers);
    const planned = fault && fault !== "late_error" ? errorOf(fault) : null;
    if (planned) throw planned;
    if (!isInBucket(received.path, settings.bucket)) {
      throw new S3Error("NoSuchBucket", "The specified bucket does not exist");
    }
    return await carryOut(settings, received, operation);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return errorReply(error, message.method === "HEAD");
  }
}

async function carryOut(settings: Settings, received: Received, operation: Operation): Promise<S3Reply> {
  const { bucket, region, store, clock } = settings;
  const { message, path, search, headers, key, body } = received;
  const roleOf = (accessKeyId: string): Role => {
    const role = settings.roles.find((each) => each.accessKeyId === accessKeyId);
    if (!role) throw new S3Error("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.");
    return role;
  };
  if (operation === "PostObject")
    return postObject({ headers, body, bucket, region, store, nowMs: clock.now(), roleOf });

  const signedRequest = { method: message.method ?? "", path, query: search, headers };
  const signed = readSignature(signedRequest);
  if (!signed) throw new S3Error("AccessDenied", "Access Denied");
  const role = roleOf(signed.accessKeyId);
  checkSignature(signedRequest, signed, role.secretAccessKey, region, clock.now());
  checkBodyHash(headers, signed, body);
  const query = new URLSearchParams(search);
  if (role.sessionToken !== (headers["x-amz-security-token"] ?? query.get("X-Amz-Security-Token") ?? undefined)) {
    throw new S3Error("InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  const request: S3Request = { method: message.method ?? "", key, query, headers, body, role, store, bucket };
  if (operation === "GetObject" || operation === "HeadObject") return getObject(request);
  if (operation === "CopyObject") return putObject(request);
  if (operation === "PutObject") {
    const reply = putObject(request);
    settings.onPut({ key, body, by: role.accessKeyId });
    return reply;
  }
  if (operation === "DeleteObject") return deleteObject(request);
  if (operation === "CreateMultipartUpload") return createUpload(request);
  if (operation === "UploadPart") return uploadPart(request);
  if (operation === "CompleteMultipartUpload") return completeUpload(request);
  if (operation === "AbortMultipartUpload") return abortUpload(request);
  return operation === "ListObjectsV2" ? listObjects(request) : deleteObjects(request);
}

/** By its own account: before the signature is looked at. */
function signerOf({ authorization = "" }: Record<string, string>): string {
  return /Credential=([^/]+)\//.exec(authorization)?.[1] ?? "";
}

/** Operations on a multipart upload, by method. */
const PARTS: Record<string, Operation> = {
  ...{ PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" },
};

/** Null for what is not one of them. */
function operationOf(
  method: string,
  path: string,
  search: string,
  headers: Record<string, string>,
  bucket: string,
): Operation | null {
  const onObject = keyOf(path, bucket) !== "";
  const query = new URLSearchParams(search);
  if (onObject && query.has("uploadId")) return PARTS[method] ?? null;
  if (onObject && query.has("uploads")) return method === "POST" ? "CreateMultipartUpload" : null;
  if (method === "OPTIONS") return "Preflight";
  if (method === "GET") return onObject ? "GetObject" : "ListObjectsV2";
  if (method === "HEAD") return onObject ? "HeadObject" : null;
  if (method === "PUT" && onObject) return headers["x-amz-copy-source"] === undefined ? "PutObject" : "CopyObject";
  if (method === "DELETE" && onObject) return "DeleteObject";
  if (method !== "POST" || onObject) return null;
  return query.has("delete") ? "DeleteObjects" : "PostObject";
}

function errorReply({ code, status, message, headers }: S3Error, isHead: boolean): S3Reply {
  const content = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>`;
  const body = isHead ? "" : `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`;
  return { status, headers: { "Content-Type": "application/xml", ...headers }, body };
}

function isInBucket(path: string, bucket: string): boolean {
  return path === `/${bucket}` || path.startsWith(`/${bucket}/`);
}

function keyOf(path: string, bucket: string): string {
  return isInBucket(path, bucket) ? decodeURIComponent(path.slice(bucket.length + 2)) : "";
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
