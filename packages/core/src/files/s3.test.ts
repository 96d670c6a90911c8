import { readdir, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import type { Fault } from "../../../../test/support/s3-double/server.ts";
import type { Files } from "../files.ts";
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
/** Spooled bodies that this process has open. */
const openSpools = async () => {
  const links = (await readdir("/proc/self/fd").catch(() => [])).map((fd) =>
    readlink(`/proc/self/fd/${fd}`).catch(() => ""),
  );
  return (await Promise.all(links)).filter((path) => path.includes("smileloop-spool-"));
};
const spooled = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("smileloop-spool-"));

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

  it("that are larger than S3 takes in one request are refused, and nothing of them is left", async () => {
    const small = s3Files({ ...home, maxBytes: 5 });
    const putSmall = (bytes: Uint8Array, maxBytes?: number) =>
      small.put(key, bodyOf(bytes), { type, ...(maxBytes === undefined ? {} : { maxBytes }) });
    expect(await codeOf(() => putSmall(data))).toBe("too_large");
    expect(await codeOf(() => putSmall(data, 1000))).toBe("too_large");
    expect(await codeOf(() => putSmall(Buffer.from("1234"), 3))).toBe("too_large");
    expect(await codeOf(() => files.get(key))).toBe("not_found");
    expect(await putSmall(Buffer.from("12345"))).toMatchObject({ bytes: 5 });
  });

  it("that are too large for memory are sent again from the start", async () => {
    const large = Buffer.alloc(9 * 1024 * 1024, "x");
    const before = await spooled();
    home.double.faults.add("PutObject", ["internal", "lost_reply"]);
    const info = await put(large);
    expect(info).toMatchObject({ bytes: large.length, sha256: sha256Hex(large) });
    expect(await spooled()).toEqual(before);
    expect(await openSpools()).toEqual([]);
    const file = await files.get(key, { range: { first: -3 } });
    expect(await textOf(file.body)).toBe("xxx");
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
    vi.stubEnv("TMPDIR", "/nowhere");
    expect(await codeOf(() => files.put(key, endless(), { type }))).toBe("storage_unavailable");
    vi.unstubAllEnvs();
    expect(returned).toBe(true);
    expect(await codeOf(() => files.get(key))).toBe("not_found");
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
