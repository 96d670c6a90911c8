/** What every adapter of `Files` does (packages/core/src/files.ts). */
import { createHash } from "node:crypto";
import type { Files } from "@smileloop/core/files.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import {
  attemptPrefix,
  endedKey,
  endedPrefix,
  inputKey,
  jobPrefix,
  outputKey,
  uploadKey,
} from "@smileloop/core/job/keys.ts";
import { expect } from "vitest";
import type { ManualClock } from "../support/manual-clock.ts";
import { codeOf, collect, type Skip, suite } from "./cases.ts";

/**
 * `leftovers`: what the storage holds beside the files that it lists, such as temporary ones and empty folders. `timeStepMs`:
 * how far its clock may be from `clock`; not at all where nothing is said.
 */
export type FilesHome = {
  files: Files;
  clock: ManualClock;
  timeStepMs?: number;
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
};

const type = "image/png";

async function* chunksOf(data: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

/** Bytes that look random and are the same each time. */
function bytesOf(length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  for (let at = 0, seed = 1; at < length; at++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    bytes[at] = seed >>> 16;
  }
  return bytes;
}

/** More than S3 is sent in one request. */
const largeBytes = (n: number) => Buffer.alloc(20 * 1024 ** 2, `file ${n} `);
const sha256Of = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const read = async (body: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(body).arrayBuffer());
const keysOf = async (files: Files, prefix: string) => (await collect(files.list(prefix))).map((file) => file.key);

export function filesSuite(name: string, open: () => Promise<FilesHome>, options: { skip?: Skip } = {}): void {
  suite(`files: ${name}`, open, options.skip ?? [], {
    "bytes in are bytes out, with their type, length and hash": async ({ files, clock, timeStepMs = 0 }) => {
      const key = inputKey("ann", newId(clock.now()), "image");
      const data = bytesOf(1_234_567);
      const info = await files.put(key, chunksOf(data, 65_537), { type });
      expect(info).toMatchObject({ key, type, bytes: data.length, sha256: sha256Of(data) });
      expect(Math.abs(info.storedAtMs - clock.now())).toBeLessThanOrEqual(timeStepMs);
      const file = await files.get(key);
      expect(file).toMatchObject({ key, type, bytes: data.length, etag: info.etag, range: null });
      expect(Buffer.compare(await read(file.body), data)).toBe(0);
    },

    "a file of zero bytes is a file": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const info = await files.put(key, chunksOf(bytesOf(0)), { type, bytes: 0 });
      expect(info).toMatchObject({ bytes: 0, sha256: sha256Of(bytesOf(0)) });
      const file = await files.get(key);
      expect((await read(file.body)).length).toBe(0);
      expect(await codeOf(() => files.get(key, { range: { first: 0 } }))).toBe("range_not_satisfiable");
      expect(await keysOf(files, "uploads")).toEqual([key]);
    },

    "what is missing is not_found": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      expect(await codeOf(() => files.get(key))).toBe("not_found");
      expect(await codeOf(() => files.copy(key, uploadKey("bob", newId(clock.now())), "x"))).toBe("not_found");
      const prefix = jobPrefix("ann", newId(clock.now()));
      expect(await codeOf(() => files.get(prefix.slice(0, -1)))).toBe("not_found");
      expect(await keysOf(files, prefix)).toEqual([]);
      await files.purge(prefix);
    },

    "keys cannot leave the storage": async ({ files }) => {
      const hostile = [
        "..",
        "../x",
        "/etc/passwd",
        "uploads/../../x",
        "uploads/a\0b",
        "uploads/%2e%2e/x",
        "uploads//x",
      ];
      const windows = [
        "uploads\\x",
        "uploads/..\\x",
        "C:/x",
        "uploads/a:b",
        "uploads/nul",
        "uploads/COM1.txt",
        "uploads/x.",
      ];
      const ours = ["secret", "tmp/x", "due/x", "idempotency/ann/x", "jobs/ann/x/job.1.json", "uploads/", "uploads/.x"];
      for (const key of [...hostile, ...windows, ...ours]) {
        expect(await codeOf(() => files.get(key)), key).toBe("not_found");
        expect(await codeOf(() => files.put(key, chunksOf(bytesOf(1)), { type })), key).toBe("not_found");
        expect(await codeOf(() => files.link(key, link("GET"))), key).toBe("not_found");
      }
      for (const prefix of ["..", "/", "uploads/..", "tmp", "secret"]) {
        expect(await codeOf(() => files.purge(prefix)), prefix).toBe("not_found");
        expect(await codeOf(() => keysOf(files, prefix)), prefix).toBe("not_found");
      }
    },

    "a file is stored once": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const put = (n: number) => files.put(key, chunksOf(Buffer.alloc(5000, n)), { type });
      const codes = await Promise.all([1, 2, 3, 4].map((n) => codeOf(() => put(n))));
      expect(codes.filter((code) => code === null)).toHaveLength(1);
      expect(codes.filter((code) => code === "already_exists")).toHaveLength(3);
      const data = await read((await files.get(key)).body);
      expect(data).toEqual(new Uint8Array(Buffer.alloc(5000, codes.indexOf(null) + 1)));
      expect(await codeOf(() => put(5))).toBe("already_exists");
      expect(await leftovers()).toEqual([]);
    },

    "a large file is whole, with its length and hash": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const info = await files.put(key, chunksOf(largeBytes(1), 1_000_003), { type });
      const facts = { type, bytes: largeBytes(1).byteLength };
      expect(info).toMatchObject({ ...facts, sha256: sha256Of(largeBytes(1)) });
      const file = await files.get(key);
      expect(file).toMatchObject({ ...facts, etag: info.etag });
      expect(Buffer.compare(await read(file.body), largeBytes(1))).toBe(0);
      expect(await leftovers()).toEqual([]);
    },

    "of two writers of a large file one has stored it": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const put = (n: number) => files.put(key, chunksOf(largeBytes(n), 1_000_003), { type });
      const codes = await Promise.all([1, 2].map((n) => codeOf(() => put(n))));
      expect(codes.toSorted()).toEqual(["already_exists", null]);
      const { body } = await files.get(key);
      expect(Buffer.compare(await read(body), largeBytes(codes.indexOf(null) + 1))).toBe(0);
      expect(await leftovers()).toEqual([]);
    },

    "a body that breaks its promise is refused and leaves nothing": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const data = bytesOf(10_000);
      let given = 0;
      const counted = async function* () {
        for await (const chunk of chunksOf(data)) {
          given += chunk.length;
          yield chunk;
        }
      };
      const refusals = {
        "one byte more than announced": { options: { bytes: 9_999 }, code: "invalid_request" },
        "one byte less than announced": { options: { bytes: 10_001 }, code: "invalid_request" },
        "another hash": { options: { sha256: "0".repeat(64) }, code: "invalid_request" },
        "too large": { options: { maxBytes: 9_999 }, code: "too_large" },
      };
      for (const [what, { options: promise, code }] of Object.entries(refusals)) {
        expect(await codeOf(() => files.put(key, counted(), { type, ...promise })), what).toBe(code);
        expect(await codeOf(() => files.get(key)), what).toBe("not_found");
      }
      given = 0;
      expect(await codeOf(() => files.put(key, counted(), { type, maxBytes: 1_500 }))).toBe("too_large");
      expect(given).toBe(2000);
      expect(await leftovers()).toEqual([]);
      const info = await files.put(key, counted(), { type, bytes: 10_000, sha256: sha256Of(data), maxBytes: 10_000 });
      expect(info.bytes).toBe(10_000);
    },

    "a body that breaks off leaves nothing": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const broken = async function* () {
        yield bytesOf(5000);
        throw new Error("the client went away");
      };
      expect(await codeOf(() => files.put(key, broken(), { type }))).toBe("Error: the client went away");
      expect(await codeOf(() => files.get(key))).toBe("not_found");
      expect(await leftovers()).toEqual([]);
    },

    "a body that stands still ends with its signal": async ({ files, clock, leftovers }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const stop = new AbortController();
      const silent = async function* () {
        yield bytesOf(5000);
        setImmediate(() => stop.abort(new Error("stopped")));
        await new Promise(() => {});
      };
      expect(await codeOf(() => files.put(key, silent(), { type, signal: stop.signal }))).toBe("Error: stopped");
      expect(await leftovers()).toEqual([]);
    },

    "nobody sees a file before it is whole": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const seen: unknown[] = [];
      const slow = async function* () {
        for (let part = 0; part < 3; part++) {
          yield bytesOf(70_000);
          seen.push(await codeOf(() => files.get(key)), await keysOf(files, ""));
        }
      };
      await files.put(key, slow(), { type });
      expect(seen).toEqual(["not_found", [], "not_found", [], "not_found", []]);
      expect(await keysOf(files, "")).toEqual([key]);
    },

    "a range is what HTTP means by it": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const data = bytesOf(600_000);
      await files.put(key, chunksOf(data), { type });
      const cases: [first: number, last: number | undefined, from: number, to: number][] = [
        [0, 0, 0, 0],
        [0, undefined, 0, 599_999],
        [10, 299_999, 10, 299_999],
        [599_999, 10 ** 9, 599_999, 599_999],
        [-5, undefined, 599_995, 599_999],
        [-(10 ** 9), undefined, 0, 599_999],
      ];
      for (const [first, last, from, to] of cases) {
        const file = await files.get(key, { range: { first, last } });
        expect(file.range).toEqual({ first: from, last: to });
        expect(file.bytes).toBe(600_000);
        expect(Buffer.compare(await read(file.body), data.subarray(from, to + 1))).toBe(0);
      }
      expect(await codeOf(() => files.get(key, { range: { first: 600_000 } }))).toBe("range_not_satisfiable");
      expect(await codeOf(() => files.get(key, { range: { first: 5, last: 4 } }))).toBe("range_not_satisfiable");
    },

    "a reader may go away, and a file may go away under its reader": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const data = bytesOf(900_000);
      await files.put(key, chunksOf(data, 100_000), { type });
      await (await files.get(key)).body.cancel();
      const stop = new AbortController();
      const stopped = await files.get(key, { signal: stop.signal });
      stop.abort(new Error("stopped"));
      const ended = await codeOf(() => read(stopped.body));
      expect([null, "Error: stopped"]).toContain(ended);
      expect(await codeOf(() => files.get(key, { signal: stop.signal }))).toBe("Error: stopped");
      const whole = await files.get(key);
      await files.purge(key);
      expect((await read(whole.body)).length).toBe(900_000);
      expect(await codeOf(() => files.get(key))).toBe("not_found");
    },

    "a copy is the same file under another key, and lives on by itself": async ({ files, clock }) => {
      const from = uploadKey("ann", newId(clock.now()));
      const to = inputKey("ann", newId(clock.now()), "image");
      const data = bytesOf(5000);
      const { etag } = await files.put(from, chunksOf(data), { type });
      expect(await codeOf(() => files.copy(from, to, `${etag}0`))).toBe("precondition_failed");
      expect(await codeOf(() => files.get(to))).toBe("not_found");
      await files.copy(from, to, etag);
      expect(await codeOf(() => files.copy(from, to, etag))).toBe("already_exists");
      await files.purge(from);
      const copy = await files.get(to);
      expect(copy).toMatchObject({ key: to, bytes: 5000, type, etag });
      expect(Buffer.compare(await read(copy.body), data)).toBe(0);
    },

    "the list is in byte order and goes past a thousand": async ({ files, clock }) => {
      const id = newId(clock.now());
      const keys = Array.from({ length: 1005 }, (_, i) => outputKey("ann", id, 1, `f${i}`));
      const odd = ["a", "a.b", "a-b", "aa", "B", "b_"].map((file) => outputKey("ann", id, 2, file));
      const store = (key: string) => files.put(key, chunksOf(bytesOf(1)), { type });
      for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map(store));
      for (const key of odd) await store(key);
      expect(await keysOf(files, jobPrefix("ann", id))).toEqual([...keys, ...odd].sort());
    },

    "a prefix ends where a name ends": async ({ files, clock }) => {
      const id = newId(clock.now());
      const [one, ten] = [outputKey("ann", id, 1, "video"), outputKey("ann", id, 10, "video")];
      for (const key of [one, ten]) await files.put(key, chunksOf(bytesOf(1)), { type });
      expect(await keysOf(files, attemptPrefix("ann", id, 1))).toEqual([one]);
      expect(await keysOf(files, attemptPrefix("ann", id, 1).slice(0, -1))).toEqual([one]);
      expect(await keysOf(files, one)).toEqual([one]);
      expect(await keysOf(files, `${one}/`)).toEqual([]);
      await files.purge(attemptPrefix("ann", id, 1).slice(0, -1));
      expect(await keysOf(files, "")).toEqual([ten]);
    },

    "purge takes everything under a prefix and nothing else": async ({ files, clock, leftovers }) => {
      const [mine, other] = [newId(clock.now()), newId(clock.now())];
      const keep = inputKey("ann", other, "image");
      for (const key of [inputKey("ann", mine, "image"), outputKey("ann", mine, 1, "video"), keep]) {
        await files.put(key, chunksOf(bytesOf(10)), { type });
      }
      await files.purge(jobPrefix("ann", mine));
      expect(await keysOf(files, "")).toEqual([keep]);
      await files.purge(jobPrefix("ann", mine));
      await files.purge("");
      expect(await keysOf(files, "")).toEqual([]);
      expect(await leftovers()).toEqual([]);
    },

    "what lies under a root is its own files, its children's and their markers": async ({
      files,
      clock,
      leftovers,
    }) => {
      const root = newId(clock.now());
      const child = childId(root, 12);
      const input = inputKey("ann", root, "image");
      const [marker, output] = [endedKey("ann", child), outputKey("ann", child, 1, "video")];
      for (const key of [input, output]) await files.put(key, chunksOf(bytesOf(10)), { type });
      for (const code of [null, "already_exists"]) {
        expect(await codeOf(() => files.put(marker, chunksOf(bytesOf(0)), { type }))).toBe(code);
      }
      expect(await keysOf(files, jobPrefix("ann", root))).toEqual([output, marker, input]);
      expect(await keysOf(files, endedPrefix("ann", root))).toEqual([marker]);
      await files.purge(jobPrefix("ann", child));
      expect(await keysOf(files, jobPrefix("ann", root))).toEqual([marker, input]);
      await files.purge(jobPrefix("ann", root));
      expect(await leftovers()).toEqual([]);
    },

    "links carry the file, its type and how it is to be saved": async ({ files, clock }) => {
      const key = uploadKey("ann", newId(clock.now()));
      const url = await files.link(key, link("GET"));
      expect(url).toContain(key.split("/").map(encodeURIComponent).join("/"));
      const target = await files.uploadLink(key, { type, bytes: 5, expiresAtMs: 9e12 });
      expect(target.headers["Content-Type"]).toBe(type);
      expect(Object.keys(target.headers).map((header) => header.toLowerCase())).not.toContain("content-length");
      expect(target.url).not.toBe(url);
      const form = await files.uploadForm(key, { type, maxBytes: 5, expiresAtMs: 9e12 });
      expect(form.url).not.toBe("");
      expect(form.fields).toMatchObject({ key, "Content-Type": type });
    },
  });
}

function link(method: "GET") {
  return { method, expiresAtMs: 9e12, type: "video/mp4", disposition: 'inline; filename="a.mp4"' };
}
