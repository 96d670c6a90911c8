/** A worker over storages in memory, with stub engines, and jobs for it. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "@smileloop/core/clock.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import type { Files } from "@smileloop/core/files.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord, JobState } from "@smileloop/core/job/record.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import type { Records } from "@smileloop/core/records.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { createWorker, type WorkerOptions } from "@smileloop/worker/worker.ts";
import { kindsWith } from "./kinds.ts";
import { PATIENCE_MS, until } from "./processes.ts";
import { marker, unsigned } from "./signing.ts";
import type { StubScript } from "./stub-engine.ts";

export const STUB = fileURLToPath(new URL("stub-engine.ts", import.meta.url));

const keys = [0, 0.5, 1].map((t) => ({ t, v: t === 0.5 ? 1 : 0, ease: "minJerk" as const }));
export const smile: Preset = {
  name: "smile",
  title: "Smile",
  description: "A smile.",
  duration: 1,
  fps: 25,
  loop: true,
  channels: { mouthSmileLeft: keys, mouthSmileRight: keys },
};

export type Shop = ReturnType<typeof openShop>;

type ShopOptions = { presets?: Map<string, Preset>; portrait?: Uint8Array };

/** `clock` runs like the system's, but can be put forward. `portrait`: what stands before the script in the picture of each job. */
export function openShop({ presets = new Map([[smile.name, smile]]), portrait = new Uint8Array() }: ShopOptions = {}) {
  let aheadMs = 0;
  const clock: Clock = { now: () => Date.now() + aheadMs, sleep: systemClock.sleep };
  const dir = mkdtempSync(join(tmpdir(), "smileloop-worker-"));
  const logged: string[] = [];
  const records: Records = memoryRecords({ clock });
  const files: Files = memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32, 1)) });
  const queue = memoryQueue({ clock });
  const kinds = kindsWith(presets, ["warp", "liveportrait"]);
  const handlers = createHandlers({ presets });
  const store = { records, files, queue, clock };
  const trace = join(dir, "trace.jsonl");

  return {
    ...store,
    store,
    presets,
    handlers,
    kinds,
    dir,
    workRoot: join(dir, "work"),
    logged,
    forward: (ms: number) => {
      aheadMs += ms;
    },
    /** A worker that has one slot and looks often, unless told otherwise. */
    worker: (options: Partial<WorkerOptions> = {}) =>
      createWorker({
        ...store,
        signer: unsigned,
        marker,
        log: createLog({ level: "debug", destination: { write: (line) => void logged.push(line) } }),
        handlers,
        kinds,
        workRoot: join(dir, "work"),
        queueName: "warp",
        slots: 1,
        engineCommand: { command: process.execPath, args: [STUB] },
        checkerCommand: { command: process.execPath, args: [STUB, "--kinds", ""] },
        times: { beatMs: 200, lookMs: 50, progressMs: 20 },
        ...options,
      }),
    /** A queued job whose picture tells the stub what to do. */
    async job(script: StubScript = {}, params: Record<string, unknown> = {}, engine = "warp"): Promise<JobRecord> {
      const picture = Buffer.concat([portrait, Buffer.from(`\n${JSON.stringify({ trace, ...script })}`)]);
      const { record } = await createJob(store, {
        id: newId(clock.now()),
        owner: "local",
        kind: "animate",
        queue: engine,
        engine,
        estimateSeconds: 0.1,
        params: { preset: "smile", ...params },
        metadata: {},
        storeInputs: async (id) => {
          const key = inputKey("local", id, "image");
          const { bytes, sha256 } = await files.put(key, oneChunk(picture), { type: "image/jpeg" });
          return { image: [{ key, type: "image/jpeg", bytes, sha256, source: "form" }] };
        },
      });
      return record;
    },
    async read(id: string): Promise<JobRecord> {
      return (await records.get("local", id))!.record;
    },
    /** The record once the job has ended. A retry waits for a second and more; a doubled hint makes it come at once. */
    async ended(id: string): Promise<JobRecord> {
      const read = async () => (await records.get("local", id))!.record;
      await until(async () => {
        const { state, queue: name } = await read();
        if (state === "queued") await queue.send({ queue: name, owner: "local", id });
        return state === "succeeded" || state === "failed";
      });
      return read();
    },
    /** Resolves with the record once it is in this state. */
    async reaches(id: string, state: JobState): Promise<JobRecord> {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      for (;;) {
        const { record } = (await records.get("local", id))!;
        if (record.state === state) return record;
        if (signal.aborted)
          throw new Error(`still ${record.state} after ${PATIENCE_MS} ms: ${logged.slice(-5).join("")}`);
        await records.changed("local", id, record.rev, signal);
      }
    },
    /** Every file of the storage by its place in the job's folder, such as `in/image/0`. */
    async stored(): Promise<string[]> {
      const names: string[] = [];
      for await (const { key } of files.list("")) names.push(key.split("/").slice(3).join("/"));
      return names.sort();
    },
    /** What the stubs were asked. */
    asked: () =>
      (existsSync(trace) ? readFileSync(trace, "utf8") : "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { type: string; pid: number; run: Record<string, unknown> }),
  };
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
