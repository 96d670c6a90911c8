/**
 * One job of a command on the same core, worker and engine as the server's, but with temporary storage: records and queue in memory,
 * files in a folder that is deleted afterwards.
 */
import { mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { type Env, EnvError, readCommandEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import type { Submission } from "@smileloop/core/jobs/submission.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { Kinds, Params } from "@smileloop/core/kinds/kind.ts";
import { createLog, type Log } from "@smileloop/core/log.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import type { Marker } from "@smileloop/worker/marking/marker.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import type { EngineSetup } from "../../../functions/engines/engine.ts";
import { ENGINES, setupsFor } from "../../../functions/engines/index.ts";
import { capabilitiesOf } from "../../../functions/setup/engines-served.ts";
import { commandMarking, openMarker } from "../../../functions/setup/marking.ts";
import { commandSigning, openSigner } from "../../../functions/setup/signing.ts";
import manifest from "../package.json" with { type: "json" };
import type { InputFile } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { checkAsked, type InputFiles, inOptions, type LocalAsked, openInputs, withNames } from "./local-asked.ts";
import { OWNER, openStore, submitLocal } from "./local-store.ts";
import { knownPresets } from "./presets.ts";
import { createProgressReport, EXIT, type ProgressReport, printJson } from "./report.ts";
import { checkTarget, makeFolder, writeTarget } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/** What a command asks for. */
export type LocalJob = LocalAsked & {
  /** Where outputs go, when params and inputs are known, of each slot the first; null: an output that is not wanted. */
  targets: (found: { params: Params; files: Readonly<Record<string, InputFile>> }) => Record<string, string | null>;
  /** Whether each target is a result of its own, in a folder that is made if it is missing, and that is printed. */
  inFolder?: true;
  force: boolean;
  json: boolean;
  quiet: boolean;
  /** What is said of the job once it is done: members of the JSON, and lines on stderr. */
  told: (record: JobRecord) => { json: Record<string, unknown>; lines: string[] };
};

type Made = { record: JobRecord; targets: Record<string, string | null> };

/**
 * Resolves with the exit code; says what went wrong by itself. The name of the first target is printed, or of its folder. Throws UsageError for params
 * that no job can have.
 */
export async function runLocalJob(job: LocalJob): Promise<number> {
  const stop = interrupted();
  try {
    const { record, targets } = await run(job, stop);
    const { json, lines } = job.told(record);
    const [first] = Object.values(targets);
    const output = job.inFolder && first ? dirname(first) : first;
    if (job.json) printJson({ ok: true, output, ...json, warnings: record.warnings });
    else {
      if (!job.quiet) for (const line of lines) process.stderr.write(`${line}\n`);
      for (const { detail } of record.warnings) process.stderr.write(`smileloop: ${detail}\n`);
      process.stdout.write(`${output}\n`);
    }
    return EXIT.done;
  } catch (error) {
    if (stop.aborted) {
      if (job.json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
      return EXIT.interrupted;
    }
    if (!(error instanceof AppError)) throw error;
    if (job.json) printJson({ ok: false, error: { code: error.code, detail: error.message } });
    else process.stderr.write(`smileloop: ${error.message}\n`);
    return EXIT.failed;
  }
}

async function run(job: LocalJob, signal: AbortSignal): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    return await runIn(folder, job, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, job: LocalJob, signal: AbortSignal): Promise<Made> {
  const presets = knownPresets();
  const setups = await setupsHere(job);
  const serve = new Map([[job.kind, [...setups.keys()]]]);
  const engines = { known: ENGINES, serve, capabilities: capabilitiesOf(ENGINES, setups) };
  const kinds = createKinds({ presets, engines });
  const submission = checkAsked(kinds, job);
  const { engine: setup } = setups.get(submission.engine!)!;
  const files = await openInputs(job, submission, { folder, signal });
  const firsts = Object.fromEntries(Object.entries(files).map(([slot, [first]]) => [slot, first!]));
  const targets = job.targets({ params: submission.params, files: firsts });
  const wanted = Object.entries(targets).filter((entry): entry is [string, string] => entry[1] !== null);
  const made = job.inFolder && wanted[0] ? await makeFolder(dirname(wanted[0][1])) : null;
  try {
    for (const [, path] of wanted) await checkTarget(path, job.force);
    const work: LocalWork = { setup, kinds, presets, submission, files, wanted };
    return { record: await perform(folder, job, work, signal), targets };
  } catch (error) {
    // unless something of use lies in it
    if (made !== null) await rmdir(made).catch(() => {});
    throw error;
  }
}

type LocalWork = {
  setup: EngineSetup;
  kinds: Kinds;
  presets: ReadonlyMap<string, Preset>;
  submission: Submission;
  files: InputFiles;
  wanted: [output: string, path: string][];
};

/** Has the job done and its outputs written; answers its record. */
async function perform(
  folder: string,
  job: LocalJob,
  { setup, kinds, presets, submission, files, wanted }: LocalWork,
  signal: AbortSignal,
): Promise<JobRecord> {
  const store = openStore();
  const log = createLog({ level: "silent" });
  const worker = createWorker({
    ...store,
    log,
    ...marksHere(job, log),
    handlers: createHandlers({ presets }),
    kinds,
    workRoot: join(folder, "work"),
    ...setup,
    slots: 1,
  });
  const report = await createProgressReport({ quiet: job.quiet || job.json, bar: process.stderr.isTTY === true });
  const working = worker.run(signal);
  try {
    const id = await submitLocal(store, submission, files);
    const record = await follow(store, id, report, signal).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, withNames(job, error.input, inOptions(job, error.message)));
    });
    report.stop();
    for (const [output, path] of wanted) {
      // what a job leaves out it warns of
      const made = record.outputs[output];
      if (made) await writeTarget(path, (await store.files.get(made.key)).body);
    }
    return record;
  } finally {
    report.stop();
    await worker.stop({ graceMs: 0 });
    await working;
  }
}

/** What signs and marks what commands make. Throws UsageError for variables that are wrong. */
export function marksHere(
  { kind, command = kind }: Pick<LocalJob, "kind" | "command">,
  log: Log,
): { signer: Signer; marker: Marker } {
  const env = envHere(command);
  const shared = { log, clock: systemClock };
  return {
    signer: openSigner({ ...shared, signing: commandSigning(env), version: manifest.version }),
    marker: openMarker({ ...shared, marking: commandMarking(env) }),
  };
}

function envHere(command: string): Env {
  try {
    return readCommandEnv();
  } catch (error) {
    if (error instanceof EnvError) throw new UsageError(error.message, command);
    throw error;
  }
}

/** Of the environment only voices and engines count. Throws UsageError for variables that are wrong. */
export async function setupsHere({
  kind,
  params,
  command = kind,
}: Pick<LocalJob, "kind" | "params" | "command">): ReturnType<typeof setupsFor> {
  try {
    const named = typeof params.engine === "string" ? params.engine : undefined;
    return await setupsFor({ kind, named }, readCommandEnv());
  } catch (error) {
    if (error instanceof EnvError) throw new UsageError(error.message, command);
    throw error;
  }
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
      const { code = "internal", detail = `The job ended as ${record.state}.`, input } = record.error ?? {};
      throw new AppError(code, detail, { input });
    }
    signal.throwIfAborted();
    await store.records.changed(OWNER, id, record.rev, signal);
  }
}
