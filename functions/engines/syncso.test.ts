/** Jobs that Sync.so does, against a double of its API that misbehaves in every way: each is paid for once, and comes to an end. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnv } from "@smileloop/core/env.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import { createSeals, sealerOf } from "@smileloop/core/seals.ts";
import { createFetcher } from "@smileloop/worker/fetch/fetch-file.ts";
import type { RunHandler } from "@smileloop/worker/kinds/handler.ts";
import type { Processes } from "@smileloop/worker/perform.ts";
import { runJob } from "@smileloop/worker/run-job.ts";
import type { Service } from "@smileloop/worker/service/service.ts";
import { openSlots } from "@smileloop/worker/slots.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type MemoryStore, memoryStore } from "../../test/support/memory-store.ts";
import { marker, unsigned } from "../../test/support/signing.ts";
import { type SyncDouble, syncDouble } from "../../test/support/sync-double.ts";
import { syncso } from "./syncso.ts";

const SEALS = createSeals([Buffer.alloc(32, 5)]);
const CALLER = "sk-caller";
const [VIDEO, SOUND] = ["a video", "a sound"];

let store: MemoryStore;
let workRoot: string;
let sync: SyncDouble;
let service: Service;
beforeEach(async () => {
  store = memoryStore();
  workRoot = mkdtempSync(join(tmpdir(), "smileloop-syncso-"));
  sync = await syncDouble({ apiKeys: [CALLER, "sk-operator"] });
  service = await serviceWith({});
});
afterEach(async () => {
  await sync.close();
  expect(readdirSync(workRoot)).toEqual([]);
  rmSync(workRoot, { recursive: true });
});

async function serviceWith(env: Record<string, string>, url = sync.url): Promise<Service> {
  const found = await syncso.find(readEnv({ ENGINES: "lipsync=warp+syncso", SYNC_API_URL: url, ...env }));
  return found.engine!.service!.service;
}

async function newJob(params: object = {}, apiKey: string | null = CALLER): Promise<string> {
  const { record } = await createJob(store, {
    ...{ id: newId(store.clock.now()), owner: "ann", kind: "lipsync", queue: "syncso", engine: "syncso" },
    ...{ estimateSeconds: 1, params: { ...params }, metadata: {}, storeInputs: async () => ({}) },
    sealed: sealerOf(SEALS, apiKey === null ? {} : { api_key: apiKey }),
  });
  return record.id;
}

type Around = { mode?: string; sound?: number; face?: number; signal?: AbortSignal; service?: Service };

/** What a worker does with a job's message, with a handler that has an engine do one thing. */
function run(id: string, { mode = "cut_off", sound = 2, face = 0, signal, ...around }: Around = {}) {
  const lipsync: RunHandler = {
    stages: () => ({ render: [10, 90] }),
    async run(_job, io) {
      for (const [name, text] of [
        ["video.mp4", VIDEO],
        ["audio.wav", SOUND],
      ] as const) {
        writeFileSync(join(io.dir, name), text);
      }
      const file = (name: string, type: string) => [{ path: join(io.dir, name), type }];
      const work = {
        ...{ type: "run", kind: "lipsync", params: { sync: { mode, video: 3, sound }, face } },
        inputs: { video: file("video.mp4", "video/mp4"), audio: file("audio.wav", "audio/wav") },
      };
      await io.timed("render", () => io.engine.request(work, { ...io.options("render"), result: z.unknown() }));
      const path = join(io.dir, "from-service.mp4");
      return { outputs: { video: await io.store("video", path, { type: "video/mp4" }) }, warnings: [] };
    },
  };
  // what becomes of a result is the work of real processes: test/e2e/syncso.test.ts
  const finishing = { ...(around.service ?? service), finish: async () => ({}) };
  const [slot] = openSlots({
    ...{ queueName: "syncso", slots: 1, workRoot, log: store.log, service: { engine: "syncso", service: finishing } },
    checkerCommand: { command: "none", args: [] },
  });
  const checker = { ready: async () => ({ checks: ["lipsync"] }) };
  const asked = { params: z.looseObject({}), estimateSeconds: () => 1, queueOf: () => "syncso" };
  const kind = { ...asked, alters: () => false, unmarked: () => null } as unknown as Kind;
  const policy = { hosts: [{ host: "127.0.0.1", port: sync.port }], places: [] };
  return runJob(
    {
      ...{
        ...store,
        signer: unsigned,
        marker,
        seals: SEALS,
        workRoot,
        worker: "here",
        fetchFile: createFetcher({ policy }),
      },
      processes: { ...slot, checker } as unknown as Processes,
      ...{ kinds: new Map([["lipsync", kind]]), handlers: { lipsync } },
    },
    { queue: "syncso", owner: "ann", id },
    { signal: signal ?? new AbortController().signal },
  );
}

const WAITS = { did: "handed_back", againMs: null };
const posts = () => sync.asked.filter(({ request }) => request.startsWith("POST")).length;
/** Runs the job until it has ended; what it waits for ends as told. */
async function throughTo(id: string, status = "COMPLETED", error?: string) {
  for (let n = 0; n < 20; n++) {
    const { did } = await run(id);
    if (["succeeded", "failed"].includes(did)) break;
    if (sync.charged.length > 0) sync.end(status, error);
    await store.clock.advance(61_000);
  }
  return store.read(id);
}

describe("a job that goes well", () => {
  test("is sent as it is, asked after, and its result is kept; the key goes with its end", async () => {
    const id = await newJob({ model: "lipsync-2-pro" });
    expect(await run(id)).toEqual(WAITS);
    const [sent] = sync.charged;
    expect(sent).toMatchObject({ model: "lipsync-2-pro", options: { sync_mode: "cut_off" }, key: CALLER });
    expect([sent!.video.toString(), sent!.audio.toString()]).toEqual([VIDEO, SOUND]);
    const waiting = await store.read(id);
    expect(waiting).toMatchObject({ state: "queued", claim: null, failures: 0, waits: 1 });
    expect(waiting.external).toEqual({ provider: "syncso", id: sent!.id });
    expect(JSON.stringify(waiting)).not.toContain(CALLER);

    expect(await run(id)).toEqual(WAITS);
    sync.end("COMPLETED");
    expect(await run(id)).toEqual({ did: "succeeded", againMs: null });
    const done = await store.read(id);
    expect(done).toMatchObject({ state: "succeeded", engine: { name: "syncso" }, attempts: [{}] });
    expect(done.sealed).toBeUndefined();
    expect(await store.keys()).toEqual([outputKey("ann", id, 3, "video.mp4")]);
    expect(sync.charged).toHaveLength(1);
    // asking for the result needs no key
    expect(sync.asked.filter(({ request }) => request.includes("/results/"))).toMatchObject([{ key: undefined }]);
    expect(JSON.stringify(store.lines)).not.toContain(CALLER);
  });

  test("may be asked after more often than there are claims, with messages that come later and later", async () => {
    const id = await newJob();
    await store.messages("syncso");
    for (let n = 0; n < 15; n++) expect(await run(id)).toEqual(WAITS);
    expect(await store.messages("syncso")).toEqual([]);
    await store.clock.advance(30_000);
    expect(await store.messages("syncso")).toEqual([id]);
    expect(await throughTo(id)).toMatchObject({ state: "succeeded", waits: 16 });
    expect(sync.charged).toHaveLength(1);
  });

  test("uses the operator's key where the job has none, and models and modes that come nearest", async () => {
    service = await serviceWith({ SYNC_API_KEY: "sk-operator" });
    const id = await newJob({ model: "lipsync-1" }, null);
    await run(id, { mode: "fade" });
    expect(sync.charged).toMatchObject([
      { key: "sk-operator", model: "lipsync-1.9.0-beta", options: { sync_mode: "cut_off" } },
    ]);
  });
});

describe("it is paid for once where", () => {
  afterEach(() => expect(sync.charged).toHaveLength(1));

  test.each([["no_reply"], [{ status: 500 }], [{ status: 503, headers: { "Retry-After": "7" } }]] as const)(
    "the reply to what was sent is lost or of no use: %j",
    async (trouble) => {
      const id = await newJob();
      sync.creating.push(trouble);
      expect(await run(id)).toEqual(WAITS);
      expect((await store.read(id)).external).toEqual({ provider: "syncso", id: null });
      expect(await throughTo(id)).toMatchObject({ state: "succeeded", failures: 0 });
    },
  );

  test("the same, and the server does not know the header of keys", async () => {
    sync.knowsKeys = false;
    const id = await newJob();
    sync.creating.push("no_reply");
    await run(id);
    expect(await throughTo(id)).toMatchObject({ state: "succeeded" });
    expect(posts()).toBe(1);
  });

  test("the worker is killed before it can keep the id", async () => {
    const id = await newJob();
    const dies: Service = {
      ...service,
      async submit(...given) {
        await service.submit(...given);
        // another takes the job, which is thought to be dead, and dies itself
        await store.claimed(id, "another");
        return "the id, which comes too late";
      },
    };
    expect(await run(id, { service: dies })).toMatchObject({ did: "lost" });
    expect(await throughTo(id)).toMatchObject({ state: "succeeded" });
  });

  test("the worker is told to stop while it sends", async () => {
    const id = await newJob();
    const stop = new AbortController();
    sync.creating.push("silence");
    const running = run(id, { signal: stop.signal });
    await expect.poll(() => sync.charged.length).toBe(1);
    stop.abort();
    expect(await running).toEqual({ did: "handed_back", againMs: 0 });
    expect(await throughTo(id)).toMatchObject({ state: "succeeded" });
  });

  test("there is no answer, or no room, when it is asked after; and the result does not come at once", async () => {
    const id = await newJob();
    await run(id);
    sync.looking.push({ status: 502 }, { status: 429, headers: { "Retry-After": "90" } }, "no_reply");
    await store.messages("syncso");
    for (const wait of [WAITS, WAITS, WAITS]) expect(await run(id)).toEqual(wait);
    let asked = 0;
    sync.result = () => {
      if (asked++ === 0) throw new Error("closes the connection");
      return Buffer.from("a result");
    };
    expect(await throughTo(id)).toMatchObject({ state: "succeeded", failures: 0 });
    expect(asked).toBe(2);
  });

  test("it is refused, or fails, there: it has failed with the reason", async () => {
    const id = await newJob();
    await run(id);
    const why = "the generation was rejected: The face cannot be seen.";
    expect(await throughTo(id, "REJECTED", "The face cannot be seen.")).toMatchObject({
      ...{ state: "failed", failures: 1 },
      error: { code: "service_failed", detail: `Sync.so API error: ${why}` },
    });
  });

  test("it is canceled or deleted while nobody holds it", async () => {
    const id = await newJob();
    await run(id);
    await store.cancel(id);
    expect((await store.read(id)).state).toBe("canceling");
    expect(await run(id)).toEqual({ did: "ended", againMs: null });
    const ended = await store.read(id);
    expect([ended.state, ended.sealed]).toEqual(["canceled", undefined]);
    await deleteJob(store, "ann", id);
    expect(await run(id)).toEqual({ did: "ended", againMs: null });
    expect((await store.read(id)).external).toBeUndefined();
  });

  test("its time is over while it is worked on there", async () => {
    const id = await newJob();
    await run(id);
    await store.clock.advance(12 * 3_600_000);
    await sweepOnce(store);
    expect(await store.read(id)).toMatchObject({ state: "failed", error: { code: "deadline_passed" } });
    expect((await store.read(id)).sealed).toBeUndefined();
  });

  test("its message is lost: the sweeper sends another, but none while it is asked after", async () => {
    const id = await newJob();
    await run(id);
    await store.clock.advance(299_000);
    await store.messages("syncso");
    await run(id);
    await store.clock.advance(2000);
    await store.messages("syncso");
    await sweepOnce(store);
    expect(await store.messages("syncso")).toEqual([]);
    await store.clock.advance(301_000);
    await store.messages("syncso");
    await sweepOnce(store);
    expect(await store.messages("syncso")).toEqual([id]);
  });
});

describe("nothing is paid for where", () => {
  afterEach(() => expect(sync.charged).toEqual([]));

  test("there is no room: it is asked again when the service says, as long as that takes", async () => {
    const id = await newJob();
    await store.messages("syncso");
    sync.creating.push({ status: 429, headers: { "Retry-After": "45" } });
    expect(await run(id)).toEqual(WAITS);
    const record = await store.read(id);
    expect(record).toMatchObject({ state: "queued", failures: 0 });
    expect(record.external).toBeUndefined();
    await store.clock.advance(44_000);
    expect(await store.messages("syncso")).toEqual([]);
    await store.clock.advance(1000);
    expect(await store.messages("syncso")).toEqual([id]);
  });

  test("nothing listens there", async () => {
    service = await serviceWith({}, "http://127.0.0.1:1");
    expect(await run(await newJob())).toEqual(WAITS);
  });

  test.each([
    ["a wrong key, which is not repeated", "sk-wrong", {}, /^Sync\.so API error: Invalid API key …, unauthorized$/],
    ["no key at all", null, {}, /^Sync\.so API error: there is no key/],
    ["another face", CALLER, { face: 1 }, /Leave `face` out/],
    ["silence after a longer sound", CALLER, { mode: "silence", sound: 9 }, /Choose `loop` or `bounce`/],
  ])("it has %s", async (_, key, around, detail) => {
    const id = await newJob({}, key);
    expect(await run(id, around)).toEqual({ did: "failed", againMs: null });
    expect(await store.read(id)).toMatchObject({ state: "failed", error: { detail: expect.stringMatching(detail) } });
    expect(JSON.stringify([await store.read(id), store.lines])).not.toContain("sk-");
  });

  test("it refuses what it is asked", async () => {
    const id = await newJob();
    const body = { statusCode: 402, message: ["No credits", "are left"] };
    sync.creating.push({ status: 402, body });
    await run(id);
    const { error } = await store.read(id);
    expect(error).toEqual({ code: "service_failed", detail: "Sync.so API error: No credits, are left" });
  });

  test("its key was sealed with another one", async () => {
    const id = await newJob();
    const { record, etag } = (await store.records.get("ann", id))!;
    const sealed = sealerOf(createSeals([Buffer.alloc(32, 6)]), { api_key: CALLER })!(id);
    await store.records.replace({ ...record, rev: record.rev + 1, write: "w", sealed }, etag);
    expect(await run(id)).toEqual({ did: "failed", againMs: null });
    expect((await store.read(id)).error).toMatchObject({ code: "seal_broken" });
  });
});

test("it is there only where the operator asks for it", async () => {
  const engineOf = async (env: Record<string, string>) => (await syncso.find(readEnv(env))).engine;
  expect(await engineOf({ SYNC_API_KEY: "sk-operator" })).toBeNull();
  expect(await engineOf({ QUEUE: "syncso" })).toMatchObject({ queueName: "syncso" });
  expect(syncso.secretsFor!(readEnv({}))).toEqual({ takes: ["api_key"], needs: ["api_key"] });
  expect(syncso.secretsFor!(readEnv({ SYNC_API_KEY: "k" }))).toEqual({ takes: ["api_key"], needs: [] });
});
