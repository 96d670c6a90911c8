/**
 * `smileloop animate`: one job on the same core, worker and engine as the server's, but with temporary
 * storage: records and queue in memory, files in a folder that is deleted afterwards.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, type JobStore } from "@smileloop/core/jobs/jobs.ts";
import { checkSubmission, type Submission, workOf } from "@smileloop/core/jobs/submission.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { createLog } from "@smileloop/core/log.ts";
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { builtInEngine, builtInSetup, ENGINES } from "../../../functions/engines/index.ts";
import { type AnimateArgs, UsageError } from "./args.ts";
import { type InputFile, openInput } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { knownPresets } from "./presets.ts";
import { createProgressReport, EXIT, type ProgressReport, printJson } from "./report.ts";
import { checkTarget, writeTarget } from "./target.ts";

const OWNER = "local";
const KIND = "animate";
const ENGINE = builtInEngine().name;

/** Resolves with the exit code; says what went wrong by itself. Throws UsageError for params that no job can have. */
export async function animate(args: AnimateArgs): Promise<number> {
  const stop = interrupted();
  try {
    const { record, target } = await run(args, stop);
    const { poster } = args;
    const { width, height, frames, fps, duration, bytes } = record.outputs.video!;
    const { preset, seed } = record.params;
    const video = { width, height, frames, fps, duration, bytes };
    if (args.json)
      printJson({ ok: true, output: target, poster, preset: preset ?? null, seed, video, warnings: record.warnings });
    else {
      // a driving clip leaves nothing to chance
      if (preset !== undefined && args.params.seed === undefined && !args.quiet) {
        process.stderr.write(`Seed ${seed}: --seed ${seed} makes the same clip again.\n`);
      }
      for (const { detail } of record.warnings) process.stderr.write(`smileloop: ${detail}\n`);
      process.stdout.write(`${target}\n`);
    }
    return EXIT.done;
  } catch (error) {
    if (stop.aborted) {
      if (args.json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
      return EXIT.interrupted;
    }
    if (!(error instanceof AppError)) throw error;
    if (args.json) printJson({ ok: false, error: { code: error.code, detail: error.message } });
    else process.stderr.write(`smileloop: ${error.message}\n`);
    return EXIT.failed;
  }
}

type Made = { record: JobRecord; target: string };

async function run(args: AnimateArgs, signal: AbortSignal): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    return await runIn(folder, args, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, args: AnimateArgs, signal: AbortSignal): Promise<Made> {
  const presets = knownPresets();
  const kinds = createKinds({ presets, engines: { known: ENGINES, serve: new Map([[KIND, [ENGINE]]]) } });
  const submission = checkArgs(kinds, args);
  const { image, driving } = submission.kind.slots;
  const photo = await openInput(args.photo, { slot: image!, folder, signal });
  const clip = args.driving === null ? null : await openInput(args.driving, { slot: driving!, folder, signal });
  const { extension } = clipFormatOf(submission.params.format as string);
  const target = args.output ?? `${photo.title}-${clip ? clip.title : submission.params.preset}.${extension}`;
  await checkTarget(target, args.force);
  if (args.poster !== null) await checkTarget(args.poster, args.force);

  const store = openStore();
  const log = createLog({ level: "silent" });
  const worker = createWorker({
    ...store,
    log,
    handlers: createHandlers({ presets }),
    kinds,
    workRoot: join(folder, "work"),
    ...(await builtInSetup()),
    slots: 1,
  });
  const report = await createProgressReport({ quiet: args.quiet || args.json, bar: process.stderr.isTTY === true });
  const working = worker.run(signal);
  try {
    const id = await submit(store, submission, { image: [photo], ...(clip ? { driving: [clip] } : {}) });
    const record = await follow(store, id, report, signal);
    report.stop();
    const write = async (path: string, output: string) =>
      writeTarget(path, (await store.files.get(record.outputs[output]!.key)).body);
    await write(target, "video");
    if (args.poster !== null) await write(args.poster, "poster");
    return { record, target };
  } finally {
    report.stop();
    await worker.stop({ graceMs: 0 });
    await working;
  }
}

/** Throws UsageError that names the option, `engine_not_configured`. */
function checkArgs(kinds: Kinds, args: AnimateArgs): Submission {
  const inputs = { image: 1, driving: args.driving === null ? 0 : 1 };
  try {
    return checkSubmission(kinds, { kind: KIND, inputs, params: args.params });
  } catch (error) {
    if (!hasCode(error, "invalid_request")) throw error;
    const [fault] = (error as AppError).errors ?? [];
    const [, at, option] = fault?.loc ?? [];
    // messages about two options name both of them already
    const single = at === "params" && option !== undefined && Object.hasOwn(args.params, option);
    throw new UsageError(single ? `--${option}: ${fault?.msg}.` : (fault?.msg ?? ""), KIND);
  }
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

async function submit(store: JobStore, submission: Submission, files: Record<string, InputFile[]>): Promise<string> {
  const { kind, params } = submission;
  const { record } = await createJob(store, {
    owner: OWNER,
    kind: kind.name,
    ...workOf(submission, files),
    engine: ENGINE,
    params: (jobId) => kind.resolveParams(params, jobId),
    metadata: {},
    storeInputs: (id) => storeInputs(store, id, files),
  });
  return record.id;
}

async function storeInputs(
  store: JobStore,
  id: string,
  files: Record<string, InputFile[]>,
): Promise<JobRecord["inputs"]> {
  const inputs: JobRecord["inputs"] = {};
  for (const [slot, list] of Object.entries(files)) {
    inputs[slot] = [];
    for (const [nth, { path, type, bytes }] of list.entries()) {
      const key = inputKey(OWNER, id, slot, nth);
      const { sha256 } = await store.files.put(key, createReadStream(path), { type, bytes });
      inputs[slot].push({ key, type, bytes, sha256, source: "file" });
    }
  }
  return inputs;
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
