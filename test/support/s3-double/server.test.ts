import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manualClock } from "../manual-clock.ts";
import { type Role, type S3Double, startS3Double } from "./server.ts";
import { signedHeaders } from "./signature.ts";

const admin: Role = { accessKeyId: "ADMIN", secretAccessKey: "a" };
/** As a worker's: its own folder only, and no listing. */
const worker: Role = {
  accessKeyId: "WORKER",
  secretAccessKey: "w",
  allows: (action, key) => action !== "s3:ListBucket" && key.startsWith("jobs/"),
};
const temporary: Role = { accessKeyId: "TEMPORARY", secretAccessKey: "t", sessionToken: "token" };
const writer: Role = { ...worker, accessKeyId: "WRITER", allows: (action) => action === "s3:PutObject" };

const clock = manualClock();
let double: S3Double;
beforeEach(async () => {
  double = await startS3Double({ clock, roles: [admin, worker, temporary, writer] });
});
afterEach(() => double.close());

type Ask = { role?: Role; query?: string; headers?: Record<string, string>; body?: string; nowMs?: number };

/** `PUT uploads/a`, `GET ` = the bucket. Answers the status and the code of S3, or the body. */
async function ask(what: string, { role = admin, query = "", headers = {}, body = "", nowMs = clock.now() }: Ask = {}) {
  const [method = "", key = ""] = what.split(" ");
  const path = `/${double.bucket}${key === "" ? "" : `/${key.split("/").map(encodeURIComponent).join("/")}`}`;
  const request = { method, path, query, headers: { host: new URL(double.endpoint).host, ...headers }, body };
  const { host: _, ...signed } = signedHeaders(request, { ...role, region: double.region }, nowMs);
  const url = `${double.endpoint}${path}${query === "" ? "" : `?${query}`}`;
  const reply = await fetch(url, {
    method,
    headers: signed,
    ...(method === "PUT" || method === "POST" ? { body } : {}),
  });
  const text = await reply.text();
  return `${reply.status} ${/<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? text}`.trim();
}

const md5 = (text: string) => createHash("md5").update(text).digest("base64");
const keysOf = (text: string) =>
  [...text.matchAll(/<(?:Key|Prefix)>(.*?)<\/(?:Key|Prefix)>/g)].map((match) => match[1]);

test("conditions are one step with their write", async () => {
  const codes = await Promise.all(
    Array.from({ length: 20 }, (_, n) => ask("PUT a", { headers: { "if-none-match": "*" }, body: String(n) })),
  );
  expect(codes.filter((code) => code === "200")).toHaveLength(1);
  expect(codes.filter((code) => code === "412 PreconditionFailed")).toHaveLength(19);
  const { etag } = double.store.get("a")!;
  for (const given of [etag, `"${etag}"`])
    expect(await ask("GET a", { headers: { "if-match": given } })).toMatch(/^200/);
  expect(await ask("PUT a", { headers: { "if-match": "0".repeat(32) } })).toBe("412 PreconditionFailed");
  expect(await ask("PUT b", { headers: { "if-match": etag } })).toBe("404 NoSuchKey");
  expect(await ask("DELETE a", { headers: { "if-match": "0".repeat(32) } })).toBe("412 PreconditionFailed");
  expect(await ask("PUT a", { headers: { "if-match": etag } })).toBe("200");
});

test("what is sent has to be what was announced", async () => {
  expect(await ask("PUT a", { headers: { "content-md5": md5("x") }, body: "x" })).toBe("200");
  expect(await ask("PUT a", { headers: { "content-md5": md5("y") }, body: "x" })).toBe("400 BadDigest");
  expect(await ask("PUT a", { headers: { "content-md5": "short" }, body: "x" })).toBe("400 InvalidDigest");
  expect(await ask("PUT a", { headers: { "x-amz-checksum-crc32": "AAAAAA==" }, body: "x" })).toBe("400 BadDigest");
  const batch = "<Delete><Object><Key>a</Key></Object></Delete>";
  expect(await ask("POST ", { query: "delete=", body: batch })).toBe("400 InvalidRequest");
  expect(await ask("POST ", { query: "delete=", body: batch, headers: { "content-md5": md5(batch) } })).toMatch(/^200/);
  expect(double.store.keys()).toEqual([]);
});

test("a role does what it may, and is told no more than that", async () => {
  expect(await ask("PUT jobs/a", { role: worker })).toBe("200");
  expect(await ask("GET jobs/a", { role: worker })).toBe("200");
  expect(await ask("GET jobs/missing", { role: worker })).toBe("403 AccessDenied");
  expect(await ask("GET jobs/missing")).toBe("404 NoSuchKey");
  expect(await ask("PUT uploads/a", { role: worker })).toBe("403 AccessDenied");
  expect(await ask("GET ", { role: worker, query: "list-type=2" })).toBe("403 AccessDenied");
  const copy = { "x-amz-copy-source": `${double.bucket}/uploads/a` };
  expect(await ask("PUT jobs/b", { role: worker, headers: copy })).toBe("403 AccessDenied");
  const { etag } = double.store.get("jobs/a")!;
  expect(await ask("PUT jobs/a", { role: writer, headers: { "if-match": etag } })).toBe("403 AccessDenied");
});

test("who asks has to be known, and in time", async () => {
  expect(await ask("GET a", { role: { ...admin, accessKeyId: "NOBODY" } })).toBe("403 InvalidAccessKeyId");
  expect(await ask("GET a", { role: { ...admin, secretAccessKey: "guessed" } })).toBe("403 SignatureDoesNotMatch");
  expect(await ask("GET a", { nowMs: clock.now() - 16 * 60_000 })).toBe("403 RequestTimeTooSkewed");
  expect(await ask("GET a", { role: temporary })).toBe("400 InvalidToken");
  const token = { "x-amz-security-token": "token" };
  expect(await ask("GET a", { role: temporary, headers: token })).toBe("404 NoSuchKey");
  expect((await fetch(`${double.endpoint}/${double.bucket}/a`)).status).toBe(403);
});

test("a listing is in the order of UTF-8 bytes, by page and by folder", async () => {
  const keys = ["a", "B", "_", "ä", "\u{10000}", "\uffff", "f/1", "f/2", "f-", "g&<"];
  for (const key of keys) expect(await ask(`PUT ${key}`), key).toBe("200");
  const list = async (query: string) => keysOf(await ask("GET ", { query: `list-type=2${query}` }));
  const inOrder = ["B", "_", "a", "f-", "f/1", "f/2", "g&amp;&lt;", "ä", "\uffff", "\u{10000}"];
  expect(await list("")).toEqual(["", ...inOrder]);
  expect(await list("&delimiter=%2F")).toEqual([
    "",
    ...inOrder.filter((key) => !key.startsWith("f/1")).map((key) => (key === "f/2" ? "f/" : key)),
  ]);
  expect(await list("&start-after=f%2F1&max-keys=1")).toEqual(["", "f/2"]);
  expect(await list("&prefix=f%2F")).toEqual(["f/", "f/1", "f/2"]);
  expect(await list("&continuation-token=unknown")).toEqual([]);
});

test("what it does not know it says", async () => {
  for (const query of ["acl=", "uploads=", "versionId=1", "tagging="]) {
    expect(await ask("GET a", { query }), query).toBe("501 NotImplemented");
  }
  expect(await ask("PUT a", { headers: { "x-amz-acl": "public-read" } })).toBe("501 NotImplemented");
  expect(await ask("GET ", { query: "list-type=1" })).toBe("501 NotImplemented");
  expect(await ask("POST a")).toBe("501 NotImplemented");
  expect(double.store.keys()).toEqual([]);
});

test("time is that of its clock", async () => {
  await ask("PUT a");
  const written = clock.now();
  await clock.advance(5000);
  const seen = await fetch(`${double.endpoint}/${double.bucket}/a`);
  expect(seen.headers.get("date")).toBe(new Date(written + 5000).toUTCString());
  expect(double.store.get("a")?.storedAtMs).toBe(written);
});
