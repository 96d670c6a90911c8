import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import type { Operation } from "../../../../test/support/s3-double/faults.ts";
import type { Fault } from "../../../../test/support/s3-double/server.ts";
import type { Files, PutOptions } from "../files.ts";
import { newId } from "../job/ids.ts";
import { inputKey, uploadKey } from "../job/keys.ts";
import { sha256Hex } from "../jobs/jobs.ts";
import { s3Files } from "./s3.ts";

const page = "https://smile.example";
const cors = [{ origins: [page], methods: ["PUT", "POST", "GET"], headers: ["*"], expose: ["ETag"] }];

let home: Awaited<ReturnType<typeof openBucket>>;
let files: Files;
let key: string;
beforeEach(async () => {
  home = await openBucket({ cors });
  files = s3Files(home);
  key = uploadKey("ann", newId(home.clock.now()));
});
afterEach(() => home.close());

const type = "image/jpeg";
const data = Buffer.from("a portrait");
async function* bodyOf(bytes: Uint8Array) {
  yield bytes;
}
const put = (bytes: Uint8Array = data) => files.put(key, bodyOf(bytes), { type });
const textOf = async (body: ReadableStream<Uint8Array>) =>
  Buffer.from(await new Response(body).arrayBuffer()).toString();
describe("files in S3", () => {
  const faults: Fault[] = ["conflict", "internal", "slow_down", "cut", "lost_reply", "late_error"];
  it.each(faults)("arrive once after: %s", async (fault) => {
    home.double.faults.add("PutObject", [fault]);
    const info = await put();
    expect(info).toMatchObject({
      key,
      type,
      bytes: data.length,
      sha256: sha256Hex(data),
      storedAtMs: home.clock.now(),
    });
    expect((await files.get(key)).etag).toBe(info.etag);
    expect(await codeOf(() => put())).toBe("already_exists");
    expect(home.double.faults.left).toBe(0);
  });

  it("that are larger than S3 takes are refused, and nothing of them is left", async () => {
    const small = s3Files({ ...home, maxBytes: 5 });
    const putSmall = (bytes: Uint8Array, maxBytes?: number) =>
      small.put(key, bodyOf(bytes), { type, ...(maxBytes === undefined ? {} : { maxBytes }) });
    expect(await codeOf(() => putSmall(data))).toBe("too_large");
    expect(await codeOf(() => putSmall(data, 1000))).toBe("too_large");
    expect(await codeOf(() => putSmall(Buffer.from("1234"), 3))).toBe("too_large");
    expect(await codeOf(() => files.get(key))).toBe("not_found");
    expect(await putSmall(Buffer.from("12345"))).toMatchObject({ bytes: 5 });
  });

  it("give their source back when they cannot be kept", async () => {
    let returned = false;
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(1024 * 1024);
      } finally {
        returned = true;
      }
    }
    home.double.faults.decide(({ operation }) => (operation === "UploadPart" ? "internal" : null));
    expect(await codeOf(() => files.put(key, endless(), { type }))).toBe("storage_unavailable");
    expect(returned).toBe(true);
    expect(await codeOf(() => files.get(key))).toBe("not_found");
    expect(home.double.store.unfinished.size).toBe(0);
  });

  it("are copied once after a lost reply", async () => {
    const { etag } = await put();
    const to = inputKey("ann", newId(home.clock.now()), "image");
    home.double.faults.add("CopyObject", ["lost_reply"]);
    await files.copy(key, to, etag);
    const there = await files.get(to);
    expect(there).toMatchObject({ key: to, bytes: data.length, type, etag });
    await there.body.cancel();
    const [copy] = home.double.seen.filter(({ operation }) => operation === "CopyObject");
    expect(copy?.headers["x-amz-copy-source-if-match"]).toBe(etag);
  });

  it("that break off while they are read are an error", async () => {
    await put(Buffer.alloc(500_000));
    home.double.faults.add("GetObject", ["half_reply"]);
    const file = await files.get(key);
    expect(await codeOf(() => textOf(file.body))).toBe("storage_unavailable");
  });

  it("stop with their signal", async () => {
    await put(Buffer.alloc(5_000_000));
    home.double.faults.add("GetObject", [{ delayMs: 10_000 }]);
    const stop = new AbortController();
    const waiting = codeOf(() => files.get(key, { signal: stop.signal }));
    setTimeout(() => stop.abort(new Error("stopped")), 20);
    expect(await waiting).toBe("Error: stopped");
  });

  it("are purged a page at a time, and what may not be purged is an error", async () => {
    const allows = (action: string) => action !== "s3:DeleteObject";
    const keeper = { accessKeyId: "KEEPER", secretAccessKey: "s", allows };
    const bucket = await openBucket({ roles: [keeper, { accessKeyId: "AKIDADMIN", secretAccessKey: "admin-secret" }] });
    for (let i = 0; i < 2100; i++) {
      bucket.double.store.put(`jobs/ann/x/out/1/${i}`, { body: data, type, metadata: {} }, {});
    }
    bucket.double.store.put("jobs/ann/x/job.json", { body: data, type, metadata: {} }, {});
    const kept = s3Files({ ...bucket, client: bucket.clientOf(keeper) });
    await expect(kept.purge("jobs/ann/x")).rejects.toMatchObject({ code: "storage_unavailable" });
    bucket.double.seen.length = 0;
    await s3Files(bucket).purge("jobs/ann/x/");
    expect(bucket.double.store.keys()).toEqual(["jobs/ann/x/job.json"]);
    expect(bucket.double.seen.length).toBe(6);
    await bucket.close();
  });

  it("are listed past a page in byte order", async () => {
    const keys = Array.from({ length: 2300 }, (_, i) => `jobs/ann/x/out/1/${i}`);
    for (const each of keys) home.double.store.put(each, { body: data, type, metadata: {} }, {});
    expect((await collect(files.list("jobs/ann"))).map((file) => file.key)).toEqual([...keys].sort());
  });
});

describe("files in S3 that are too large for one request", () => {
  const MIB = 1024 * 1024;
  const large = Buffer.alloc(20 * MIB, "a portrait ");
  async function* pieces() {
    for (let at = 0; at < large.length; at += 700_001) yield large.subarray(at, at + 700_001);
  }
  const putLarge = (options: Partial<PutOptions> = {}) => files.put(key, pieces(), { type, ...options });
  const operations = () => home.double.seen.map(({ operation, status }) => `${operation} ${status}`);

  it("go in parts, as they come", async () => {
    const info = await putLarge();
    expect(info).toMatchObject({ bytes: large.length, sha256: sha256Hex(large), storedAtMs: home.clock.now() });
    const parts = Array.from({ length: 3 }, () => "UploadPart 200");
    expect(operations()).toEqual(["CreateMultipartUpload 200", ...parts, "CompleteMultipartUpload 200"]);
    const stored = home.double.store.get(key)!;
    expect(Buffer.compare(stored.body, large)).toBe(0);
    expect(await files.get(key)).toMatchObject({ type, bytes: large.length, etag: info.etag });
    expect(await codeOf(() => putLarge())).toBe("already_exists");
    expect(home.double.store.unfinished.size).toBe(0);
  });

  it("go in larger parts where they would be too many, and in one request where they just fit", async () => {
    await files.put(key, bodyOf(Buffer.alloc(8 * MIB)), { type });
    expect(operations()).toEqual(["PutObject 200"]);
    let asked = 0;
    async function* broken() {
      for (; asked < 10; asked++) yield Buffer.alloc(MIB);
      throw new Error("the source is gone");
    }
    const other = uploadKey("ann", newId(home.clock.now()));
    const putHuge = () => files.put(other, broken(), { type, bytes: 10_000 * 16 * MIB });
    expect(await codeOf(putHuge)).toBe("Error: the source is gone");
    expect(operations()).toEqual(["PutObject 200"]);
  });

  const faults: [Operation, Fault[]][] = [
    ["CreateMultipartUpload", ["internal"]],
    ["UploadPart", ["cut", "lost_reply"]],
    ["UploadPart", ["slow_down", "late_error"]],
    ["CompleteMultipartUpload", ["internal"]],
    ["CompleteMultipartUpload", ["lost_reply"]],
    ["CompleteMultipartUpload", ["late_error", "cut"]],
  ];
  it.each(faults)("arrive once though %s meets %j", async (operation, planned) => {
    home.double.faults.add(operation, planned);
    expect(await putLarge()).toMatchObject({ bytes: large.length, sha256: sha256Hex(large) });
    expect(Buffer.compare(home.double.store.get(key)!.body, large)).toBe(0);
    expect([home.double.faults.left, home.double.store.unfinished.size]).toEqual([0, 0]);
  });

  it("are given up, and nothing of them stays, where S3 or the source fails", async () => {
    const attempts: [string, () => Promise<unknown>][] = [
      ["storage_unavailable", () => putLarge()],
      ["invalid_request", () => putLarge({ sha256: "0".repeat(64) })],
      ["too_large", () => putLarge({ maxBytes: 19 * MIB })],
      ["Error: stopped", () => putLarge({ signal: AbortSignal.abort(new Error("stopped")) })],
    ];
    home.double.faults.add("CompleteMultipartUpload", ["conflict"]);
    for (const [code, attempt] of attempts) expect(await codeOf(attempt)).toBe(code);
    expect(await codeOf(() => files.get(key))).toBe("not_found");
    expect([home.double.store.keys(), home.double.store.unfinished.size]).toEqual([[], 0]);
  });

  it("stop in the middle with their signal", async () => {
    const stop = new AbortController();
    home.double.faults.decide(({ operation }) => {
      if (operation === "UploadPart") stop.abort(new Error("stopped"));
      return null;
    });
    expect(await codeOf(() => putLarge({ signal: stop.signal }))).toBe("Error: stopped");
    expect([home.double.store.keys(), home.double.store.unfinished.size]).toEqual([[], 0]);
  });

  it("are copied once after a lost reply, though a copy has another etag", async () => {
    const { etag } = await putLarge();
    const to = inputKey("ann", newId(home.clock.now()), "video");
    home.double.faults.add("CopyObject", ["lost_reply"]);
    await files.copy(key, to, etag);
    expect(home.double.store.get(to)?.etag).not.toBe(etag);
    expect(await codeOf(() => files.copy(key, to, etag))).toBe("already_exists");
  });
});

describe("links of S3", () => {
  const link = (method: "GET" | "HEAD", lifeMs = 3_600_000) =>
    files.link(key, {
      method,
      expiresAtMs: home.clock.now() + lifeMs,
      type: "video/mp4",
      disposition: 'attachment; filename="a.mp4"',
    });

  it("give the file as it is to be saved, for a quarter of an hour", async () => {
    await put();
    const url = await link("GET");
    const reply = await fetch(url, { headers: { Range: "bytes=2-9", Origin: page } });
    expect([reply.status, await reply.text()]).toEqual([206, "portrait"]);
    expect(reply.headers.get("content-type")).toBe("video/mp4");
    expect(reply.headers.get("content-disposition")).toBe('attachment; filename="a.mp4"');
    expect(reply.headers.get("access-control-expose-headers")).toBe("ETag");
    expect((await fetch(url, { method: "HEAD" })).status).toBe(403);
    await home.clock.advance(899_000);
    expect((await fetch(url)).status).toBe(200);
    await home.clock.advance(1000);
    expect((await fetch(url)).status).toBe(403);
  });

  it("live no longer than the file", async () => {
    await put();
    const url = await link("GET", 60_000);
    await home.clock.advance(60_000);
    expect((await fetch(url)).status).toBe(403);
  });

  it("are signed for the method that is asked for", async () => {
    await put();
    const url = await link("HEAD");
    const reply = await fetch(url, { method: "HEAD" });
    expect([reply.status, reply.headers.get("content-length")]).toEqual([200, String(data.length)]);
    expect((await fetch(url)).status).toBe(403);
  });

  it("take an upload from a page of an allowed origin", async () => {
    const options = { type, bytes: data.length, sha256: sha256Hex(data), expiresAtMs: home.clock.now() + 3_600_000 };
    const { url, headers } = await files.uploadLink(key, options);
    const signed = new URL(url).searchParams.get("X-Amz-SignedHeaders");
    expect(signed).toBe("content-length;content-type;host;if-none-match;x-amz-checksum-sha256");
    expect([...new URL(url).searchParams.keys()].join()).not.toContain("checksum");
    const ask = (origin: string) =>
      fetch(url, {
        method: "OPTIONS",
        headers: {
          Origin: origin,
          "Access-Control-Request-Method": "PUT",
          "Access-Control-Request-Headers": Object.keys(headers).join(","),
        },
      });
    expect((await ask(page)).status).toBe(200);
    expect((await ask("https://other.example")).status).toBe(403);
    const reply = await fetch(url, { method: "PUT", body: data, headers: { ...headers, Origin: page } });
    expect([reply.status, reply.headers.get("access-control-allow-origin")]).toEqual([200, page]);
    expect(await textOf((await files.get(key)).body)).toBe("a portrait");
  });
});
