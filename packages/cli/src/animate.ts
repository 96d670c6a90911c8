/**
 * `smileloop animate`: one job on the same core, worker and engine as the server's, but over storage of its own that is gone
 * afterwards: records and queue in memory, files in a temporary folder.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, type JobStore } from "@smileloop/core/jobs/jobs.ts";
import { createKinds, fieldErrors, type Kind } from "@smileloop/core/kinds/kinds.ts";
import { createLog } from "@smileloop/core/log.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { WARP } from "../../../functions/engines/index.ts";
import { type AnimateArgs, UsageError } from "./args.ts";
import { type InputFile, openDriving, openPhoto } from "./input-file.ts";
import { PRESETS_DIR } from "./presets.ts";
import { createProgressReport, EXIT, type ProgressReport, printJson } from "./report.ts";
import { checkTarget, writeTarget } from "./target.ts";

const OWNER = "local";
const ENGINE = "warp";

/** Resolves with the exit code; says what went wrong by itself. Throws UsageError for params that no job can have. */
export async function animate(args: AnimateArgs): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, interrupt);
  try {
    const { record, target } = await run(args, stop.signal);
    const { width, height, frames, fps, duration, bytes } = record.outputs.video!;
    const { preset, seed } = record.params;
    const video = { width, height, frames, fps, duration, bytes };
    if (args.json)
      printJson({ ok: true, output: target, preset: preset ?? null, seed, video, warnings: record.warnings });
    else {
      if (args.params.seed === undefined && !args.quiet) {
        process.stderr.write(`Seed ${seed}: --seed ${seed} makes the same clip again.\n`);
      }
      for (const { detail } of record.warnings) process.stderr.write(`smileloop: ${detail}\n`);
      process.stdout.write(`${target}\n`);
    }
    return EXIT.done;
  } catch (error) {
    if (stop.signal.aborted) {
      if (args.json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
      return EXIT.interrupted;
    }
    if (!(error instanceof AppError)) throw error;
    if (args.json) printJson({ ok: false, error: { code: error.code, detail: error.message } });
    else process.stderr.write(`smileloop: ${error.message}\n`);
    return EXIT.failed;
  }
}

async function run(args: AnimateArgs, signal: AbortSignal): Promise<{ record: JobRecord; target: string }> {
  const presets = loadPresets(PRESETS_DIR);
  const kinds = createKinds({ presets, engines: [ENGINE] });
  const kind = kinds.get("animate")!;
  const params = paramsOf(kind, args);
  const photo = await openPhoto(args.photo, kind.slots.image!.maxBytes);
  const driving = args.driving === null ? null : await openDriving(args.driving, kind.slots.driving!.maxBytes);
  const named = (path: string): string => basename(path, extname(path));
  const target = args.output ?? `${named(args.photo)}-${driving ? named(driving.path) : params.preset}.mp4`;
  await checkTarget(target, args.force);

  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  const store = openStore();
  const log = createLog({ level: "silent" });
  const worker = createWorker({
    ...store,
    log,
    presets,
    kinds,
    workRoot: folder,
    ...WARP,
    slots: 1,
  });
  const report = await createProgressReport({ quiet: args.quiet || args.json, bar: process.stderr.isTTY === true });
  const working = worker.run(signal);
  try {
    const id = await submit(store, kind, params, driving ? { image: photo, driving } : { image: photo });
    const record = await follow(store, id, report, signal);
    report.stop();
    const { body } = await store.files.get(record.outputs.video!.key);
    await writeTarget(target, body);
    return { record, target };
  } finally {
    report.stop();
    await worker.stop({ graceMs: 0 });
    await working;
    await rm(folder, { recursive: true, force: true });
  }
}

function paramsOf(kind: Kind, args: AnimateArgs): Record<string, unknown> {
  const parsed = kind.params.safeParse(args.params);
  if (!parsed.success) {
    const [fault] = fieldErrors(parsed.error, []);
    const option = fault?.loc[0];
    throw new UsageError(`${option === undefined ? "" : `--${option}: `}${fault?.msg}.`, "animate");
  }
  const [conflict] = kind.conflicts(args.params, args.driving === null ? ["image"] : ["image", "driving"]);
  if (conflict) throw new UsageError(conflict.msg, "animate");
  const { engine } = parsed.data;
  if (engine !== undefined && engine !== ENGINE) {
    throw new AppError("engine_not_configured", `The engine "${engine}" is not configured here; leave --engine out.`);
  }
  return parsed.data;
}

function openStore(): JobStore {
  const clock = systemClock;
  const links = createLocalLinks(new Uint8Array(32));
  return {
    records: memoryRecords({ clock }),
    files: memoryFiles({ clock, links }),
    queue: memoryQueue({ clock }),
    clock,
  };
}

async function submit(
  store: JobStore,
  kind: Kind,
  params: Record<string, unknown>,
  files: Record<string, InputFile>,
): Promise<string> {
  const estimateSeconds = kind.estimateSeconds(params, Object.keys(files));
  const { record } = await createJob(store, {
    owner: OWNER,
    kind: kind.name,
    queue: kind.queueOf(ENGINE, estimateSeconds),
    engine: ENGINE,
    params: (jobId) => kind.drawn(params, jobId),
    metadata: {},
    estimateSeconds,
    storeInputs: async (id) => {
      const inputs: JobRecord["inputs"] = {};
      for (const [slot, { path, type, bytes }] of Object.entries(files)) {
        const key = inputKey(OWNER, id, slot);
        const { sha256 } = await store.files.put(key, createReadStream(path), { type, bytes });
        inputs[slot] = [{ key, type, bytes, sha256, source: "file" }];
      }
      return inputs;
    },
  });
  return record.id;
}

/** The record when the job has succeeded. Throws what it failed with. */
async function follow(store: JobStore, id: string, report: ProgressReport, signal: AbortSignal): Promise<JobRecord> {
  for (;;) {
    const stored = await store.records.get(OWNER, id);
    if (!stored) throw new AppError("internal", "The job was lost.");
    const { record } = stored;
    if (record.progress) report.update(record.progress);
    if (record.state === "succeeded") return record;
    if (isEnded(record.state)) {
      throw new AppError(record.error?.code ?? "internal", record.error?.detail ?? `The job ended as ${record.state}.`);
    }
    signal.throwIfAborted();
    await store.records.changed(OWNER, id, record.rev, signal);
  }
}
