/** Jobs whose inputs are somewhere else, from their claim to their end. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { AppError } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobFetch, JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import type { Kind, SlotFacts } from "@smileloop/core/kinds/kind.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { jpegBytes, pngBytes } from "../../../../test/support/api.ts";
import { type MemoryStore, memoryStore } from "../../../../test/support/memory-store.ts";
import { allowing, named, type OtherServer, otherServer } from "../../../../test/support/other-server.ts";
import { marker, unsigned } from "../../../../test/support/signing.ts";
import type { RunHandler } from "../kinds/handler.ts";
import type { Processes } from "../perform.ts";
import { runJob } from "../run-job.ts";
import { createFetcher } from "./fetch-file.ts";

const SLOT: Slot = { noun: "picture", media: ["image"], maxBytes: 10_000, maxSide: 1000, files: { min: 0, max: 5 } };

let store: MemoryStore;
let workRoot: string;
let server: OtherServer;
let answer: (request: IncomingMessage, reply: ServerResponse) => void;
beforeEach(async () => {
  store = memoryStore();
  workRoot = mkdtempSync(join(tmpdir(), "smileloop-fetch-"));
  answer = ({ url }, reply) => reply.end(url?.startsWith("/png") ? pngBytes() : jpegBytes());
  server = await otherServer((request, reply) => answer(request, reply));
});
afterEach(async () => {
  await expect.poll(() => server.open()).toBe(0);
  await server.close();
  rmSync(workRoot, { recursive: true });
});

type Source = string | Uint8Array;

/** A job of ann's whose slots have files, or URLs by their paths. */
async function newJob(given: Record<string, Source[]>): Promise<JobRecord> {
  const id = newId(store.clock.now());
  const fetches = Object.entries(given).flatMap(([slot, list]) =>
    list.flatMap((one, nth): JobFetch[] =>
      typeof one === "string" ? [{ slot, nth, source: `url:${one.split("?")[0]}`, url: server.at(one) }] : [],
    ),
  );
  const storeInputs = async () => {
    const inputs: JobRecord["inputs"] = {};
    for (const [slot, list] of Object.entries(given)) {
      inputs[slot] = [];
      for (const [nth, one] of list.entries()) {
        if (typeof one === "string") continue;
        const key = inputKey("ann", id, slot, nth);
        await store.files.put(key, Readable.from([one]), { type: "image/jpeg" });
        inputs[slot].push({ key, type: "image/jpeg", bytes: one.length, source: "form" });
      }
    }
    return inputs;
  };
  const asked = { owner: "ann", kind: "animate", queue: "warp", engine: "warp", params: {}, metadata: {} };
  return (await createJob(store, { ...asked, id, fetches, estimateSeconds: 1, storeInputs })).record;
}

type Around = {
  work?: RunHandler["run"];
  estimate?: (facts: SlotFacts) => number;
  contents?: Kind["contents"];
  signal?: AbortSignal;
};

function run({ queue, owner, id }: JobRecord, around: Around = {}) {
  const { work, estimate = () => 1, contents = {}, signal } = around;
  const ready = async () => ({ kinds: ["animate"], checks: ["animate"], engine: "warp", version: "1", services: [] });
  const kind = {
    slots: { image: SLOT, more: SLOT },
    contents,
    params: z.looseObject({}),
    mismatches: () => [],
    estimateSeconds: (_: unknown, facts: SlotFacts) => estimate(facts),
    alters: () => false,
    unmarked: () => null,
    queueOf: (_: unknown, seconds: number) => (seconds > 120 ? "warp-long" : "warp"),
  } as unknown as Kind;
  const animate: RunHandler = {
    stages: () => ({ work: [0, 100] }),
    run: async (claimed, io) => (await work?.(claimed, io)) ?? { outputs: {}, warnings: [] },
  };
  return runJob(
    {
      ...{
        ...store,
        signer: unsigned,
        marker,
        workRoot,
        worker: "here",
        kinds: new Map([["animate", kind]]),
        handlers: { animate },
      },
      processes: { engine: { ready }, checker: { ready }, helpers: [] } as unknown as Processes,
      fetchFile: createFetcher({
        policy: allowing([server]),
        lookup: named({ "files.example": ["127.0.0.1"] }).lookup,
      }),
    },
    { queue, owner, id },
    { signal: signal ?? new AbortController().signal },
  );
}

const stored = async () => (await store.keys()).map((key) => key.split("/").slice(3).join("/")).sort();
const fails = (code: "engine_crashed") => () => Promise.reject(new AppError(code, "It crashed."));

test("the file is there when the work begins, as its bytes say, and the record no longer knows the URL", async () => {
  const job = await newJob({ image: ["/a.txt?signature=secret"] });
  let seen = "";
  const outcome = await run(job, {
    work: async ({ record }, io) => {
      const [file] = await io.input("image");
      seen = `${file?.type} ${(await readFile(file!.path)).equals(jpegBytes())} ${JSON.stringify(record)}`;
      return { outputs: {}, warnings: [] };
    },
    estimate: (facts) => 3 + (facts.image?.[0]?.width ?? 0) / 1000,
  });
  expect(outcome).toMatchObject({ did: "succeeded" });
  expect(seen).toMatch(/^image\/jpeg true /);
  const record = await store.read(job.id);
  const input = { key: inputKey("ann", job.id, "image"), type: "image/jpeg", bytes: 2000, source: "url:/a.txt" };
  expect(record).toMatchObject({ inputs: { image: [input] }, estimate_s: 3.64, timings: { fetch: 0 } });
  expect(seen + JSON.stringify(record) + JSON.stringify(store.lines)).not.toContain("secret");
});

test("what is wrong inside of a file that was fetched fails the job, with the sentence that a request would be answered", async () => {
  const job = await newJob({ image: ["/jpeg"], more: [jpegBytes()] });
  const seen: string[] = [];
  const contents: Kind["contents"] = {
    image: async (bytes, { type, params }) => {
      seen.push(`${bytes.byteLength} ${type} ${JSON.stringify(params)}`);
      return [1, 2].map((row) => ({ loc: ["inputs", "image"], msg: `Row ${row} is wrong`, type: "invalid_value" }));
    },
  };
  expect(await run(job, { contents })).toMatchObject({ did: "failed" });
  expect(seen).toEqual(["2000 image/jpeg {}"]);
  expect((await store.read(job.id)).error).toEqual({
    ...{ code: "invalid_request", detail: "Row 1 is wrong (and 1 more)", input: "image" },
  });
});

test("several files keep their order, fetched or not", async () => {
  const job = await newJob({ image: ["/png/1", jpegBytes(), "/png/2"], more: [jpegBytes(), "/jpeg"] });
  await run(job);
  const { inputs, fetches } = await store.read(job.id);
  const told = Object.entries(inputs).map(([slot, list]) => [
    slot,
    ...list.map(({ key, source }) => `${key.at(-1)} ${source}`),
  ]);
  expect(told).toEqual([
    ["image", "0 url:/png/1", "1 form", "2 url:/png/2"],
    ["more", "0 form", "1 url:/jpeg"],
  ]);
  expect([inputs.image![0]!.type, inputs.image![1]!.type, fetches]).toEqual(["image/png", "image/jpeg", undefined]);
});

test("work that fails and is done again fetches nothing again", async () => {
  const job = await newJob({ image: ["/a"] });
  expect(await run(job, { work: fails("engine_crashed") })).toMatchObject({ did: "retried" });
  expect(await run(job)).toMatchObject({ did: "succeeded" });
  expect(server.asked).toHaveLength(1);
});

test("a worker that died after it had stored the file, and before the record said so: it is not fetched again", async () => {
  const job = await newJob({ image: ["/a", "/b"] });
  await store.files.put(inputKey("ann", job.id, "image"), Readable.from([jpegBytes()]), { type: "image/jpeg" });
  expect(await run(job)).toMatchObject({ did: "succeeded" });
  expect(server.asked.map(({ path }) => path)).toEqual(["/b"]);
});

test("a worker that is stopped while it fetches hands the job back, and the next one fetches it whole", async () => {
  const job = await newJob({ image: ["/a"] });
  const stop = new AbortController();
  const whole = answer;
  answer = (_, reply) => {
    reply.writeHead(200).write(jpegBytes().subarray(0, 100));
    setTimeout(() => stop.abort(), 20);
  };
  expect(await run(job, { signal: stop.signal })).toMatchObject({ did: "handed_back" });
  expect(await store.read(job.id)).toMatchObject({ state: "queued", failures: 0, fetches: job.fetches });
  expect(await stored()).toEqual([]);
  answer = whole;
  expect(await run(job)).toMatchObject({ did: "succeeded" });
});

test.each<[string, (reply: ServerResponse) => unknown, object]>([
  [
    "is not there",
    (r) => r.writeHead(404).end(),
    { code: "fetch_failed", detail: "PORT has no such file (404); check the address." },
  ],
  [
    "is somewhere private",
    (r) => r.writeHead(302, { Location: "http://10.0.0.1/" }).end(),
    {
      code: "fetch_refused",
      detail: expect.stringMatching(/^PORT redirects to where nothing is fetched\. The address of 10/),
    },
  ],
  [
    "is a page",
    (r) => r.writeHead(200, { "Content-Type": "image/jpeg" }).end("<!doctype html>"),
    { code: "unsupported_type" },
  ],
  ["is empty", (r) => r.end(), { code: "empty_file" }],
  ["has too many pixels", (r) => r.end(jpegBytes(2000, 1000)), { code: "input_too_large" }],
  [
    "is too large",
    (r) => r.end(Buffer.alloc(10_001)),
    { code: "too_large", detail: expect.stringMatching("10000 bytes are") },
  ],
])("fails at once where the file %s, and says which", async (_, reply, error) => {
  answer = (_request, response) => void reply(response);
  const job = await newJob({ more: ["/a?signature=secret"] });
  expect(await run(job)).toMatchObject({ did: "failed" });
  const record = await store.read(job.id);
  const plain = (text: string) => text.replace(`Input 'more': files.example:${server.port}`, "PORT");
  expect({ ...record.error, detail: plain(record.error!.detail) }).toMatchObject({ ...error, input: "more" });
  expect(record.fetches).toEqual([{ slot: "more", nth: 0, source: "url:/a" }]);
  expect(JSON.stringify(record) + JSON.stringify(store.lines)).not.toContain("secret");
});

test("a server that has a problem is asked three times", async () => {
  answer = (_, reply) => void reply.writeHead(503).end();
  const job = await newJob({ image: ["/a"] });
  expect(await run(job)).toEqual({ did: "retried", againMs: 1000 });
  expect(await run(job)).toEqual({ did: "retried", againMs: 2000 });
  expect(await run(job)).toMatchObject({ did: "failed" });
  const detail = `Input 'image': files.example:${server.port} has a problem of its own (503).`;
  expect((await store.read(job.id)).error).toEqual({ code: "fetch_unavailable", detail, input: "image" });
});

test.each(["canceled", "deleted"])(
  "a job that is %s while it fetches stops doing so, and nothing of the file stays",
  async (how) => {
    const job = await newJob({ image: ["/a"] });
    answer = (_, reply) => {
      reply.writeHead(200).write(jpegBytes().subarray(0, 100));
      setTimeout(() => (how === "canceled" ? store.cancel(job.id) : deleteJob(store, "ann", job.id)), 20);
    };
    expect(await run(job)).toMatchObject({ did: how === "canceled" ? "canceled" : "lost" });
    const record = await store.read(job.id);
    expect(record.state).toBe(how);
    expect(JSON.stringify(record)).not.toContain("http:");
    expect(await stored()).toEqual([]);
  },
);

test("what turns out to be long work moves to its queue, with its inputs", async () => {
  const job = await newJob({ image: ["/a"] });
  expect(await run(job, { estimate: () => 500 })).toEqual({ did: "moved", againMs: null });
  const moved = await store.read(job.id);
  expect(moved).toMatchObject({ state: "queued", queue: "warp-long", estimate_s: 500, failures: 0, moves: 1 });
  expect(await store.messages("warp-long")).toEqual([job.id]);
  expect(await run(moved, { estimate: () => 500 })).toMatchObject({ did: "succeeded" });
  expect(server.asked).toHaveLength(1);
});

test("progress says how many files are fetched", async () => {
  const job = await newJob({ image: ["/a"] });
  answer = async (_, reply) => {
    await store.clock.advance(1000);
    await expect
      .poll(async () => (await store.read(job.id)).progress)
      .toMatchObject({ stage: "fetch", done: 0, total: 1 });
    reply.end(jpegBytes());
  };
  expect(await run(job)).toMatchObject({ did: "succeeded" });
});
