/**
 * What every handler needs besides its own work: inputs out of the storage, engine processes, stages with their times and
 * progress, outputs into the storage. What the record says of an output never comes from the engine that has made it
 * (`store-output.ts`).
 */
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "@smileloop/core/clock.ts";
import { type FinishRequest, type FinishResult, finishResultSchema } from "@smileloop/core/engine/finish-service.ts";
import type { EngineFile, Provenance, RawFrames, Ready, VideoSpec } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { MAX_MOVES } from "@smileloop/core/job/change.ts";
import type { JobInput, JobOutput, JobRecord, Progress } from "@smileloop/core/job/record.ts";
import type { SlotFacts } from "@smileloop/core/kinds/kind.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import type { Secrets } from "@smileloop/core/seals.ts";
import { type Caching, caching } from "./caching.ts";
import { downloadTo, readStored } from "./download.ts";
import { type Keeping, keeping } from "./keeping.ts";
import type { Marking } from "./marking/marker.ts";
import type { EngineProcess, RequestOptions } from "./process/engine-process.ts";
import { givenOf, type Signing } from "./signing/signing.ts";
import { progressAt, type StageShares } from "./stage-progress.ts";
import { type OutputFacts, type SignFile, type StreamedOutput, storeOutput, storeStream } from "./store-output.ts";

/** A process for services that engines leave to others. */
export type HelperProcess = { services: readonly string[]; process: EngineProcess };

export type LocalFile = { path: string; type: string; bytes: number };

/** A file as messages to engines name it. */
export function fileOf({ path, type }: Pick<LocalFile, "path" | "type">): EngineFile {
  return { path, type };
}

/** The part of `JobIo` that plans have, too. */
export type StoreIo = {
  /** An empty folder for this job's files. */
  dir: string;
  signal: AbortSignal;
  /** Downloads the files of a slot; none where it is empty. */
  input: (slot: string) => Promise<LocalFile[]>;
  /** Downloads a file of this job or of a child. */
  download: (file: Pick<JobInput, "key" | "type" | "bytes">, name: string) => Promise<LocalFile>;
  /** A file of this job or of a child as it comes, without a disk. It has to be read, or to be left by `return`. */
  read: (file: Pick<JobInput, "key" | "bytes">) => Promise<AsyncIterable<Uint8Array>>;
  /** Uploads a finished file as the output `name`. Throws `check_unreadable` where it was changed after the check. */
  store: (name: string, path: string, facts: OutputFacts) => Promise<JobOutput>;
  /** Stores the output `name` as it is made, without a disk. `body`: the same bytes from the start, at each call. */
  storeStream: (name: string, body: StreamedOutput["body"], facts: StreamedOutput["facts"]) => Promise<JobOutput>;
};

export type JobIo = StoreIo &
  Keeping &
  Caching & {
    /** The engine of the job's queue, and what it says of itself. */
    engine: EngineProcess;
    ready: Ready;
    /** A process that has no part in the work: for checks, and for facts that engine and check both need. */
    checker: EngineProcess;
    /**
     * The process to ask for a service: one that the worker has for it, else the engine, where that offers it. Throws `engine_failed`
     * where nobody does.
     */
    serving: (service: string) => EngineProcess;
    /** Whether the engine itself offers a service. */
    offers: (service: string) => boolean;
    provenance: Provenance;
    /**
     * Shows outputs that were stored while the rest is still being made. They are among the result's at the end, or they go again with
     * this attempt. Throws when the claim is lost or the job is canceled.
     */
    publish: (outputs: Record<string, JobOutput>) => Promise<void>;
    /** Opens the job's secret params. Throws `seal_broken`. */
    secrets: () => Secrets;
    /** Whether a service elsewhere does the work: then the job is begun twice, once to send it and once to fetch what was made of it. */
    elsewhere: boolean;
    /** Time-out, signal and progress of a request. Its progress counts as that of `stage`, or of what the engine calls its stages. */
    options: (stage?: string) => RequestOptions;
    /** Does a part of the work and keeps its time under `stage`; a stage may have several parts. */
    timed: <T>(stage: string, work: () => Promise<T>) => Promise<T>;
    /** Milliseconds by stage so far. */
    timings: Record<string, number>;
    /**
     * Says what is known of the inputs once they were read. Time limits follow; where that much work has a longer queue, the job
     * moves there and loses no try, by throwing what `run-job.ts` catches. Throws `input_too_large` for what no queue has time for.
     */
    expect: (inputs: SlotFacts) => void;
    /**
     * Encodes raw frames of an engine into the video of `outputs`, and its poster where there is one, with the sound of `audio` where there is one, and removes them. Throws
     * `input_unreadable` or `unsupported_type`, which do not name a slot, where the sound is at fault.
     */
    finish: (
      frames: RawFrames,
      spec: VideoSpec,
      outputs: FinishRequest["outputs"],
      audio?: LocalFile,
    ) => Promise<FinishResult>;
  };

/** Thrown when a job is too much work for its queue. Not an error: the job moves to `queue` and loses no try. */
export class TooMuchWork extends Error {
  readonly queue: string;
  readonly estimateSeconds: number;
  constructor(queue: string, estimateSeconds: number) {
    super(`moves to ${queue}`);
    this.queue = queue;
    this.estimateSeconds = estimateSeconds;
  }
}

type StoreIoOptions = {
  files: Files;
  record: JobRecord;
  dir: string;
  signal: AbortSignal;
  signing: Signing;
  /** Null for jobs that make no pictures. */
  marking: Marking | null;
};

export function createStoreIo({ files, record, dir, signal, signing, marking }: StoreIoOptions): StoreIo {
  const here = new Map<string, string>(); // inputs, by key
  const download = async (file: Pick<JobInput, "key" | "type" | "bytes">, name: string): Promise<LocalFile> => {
    const path = join(dir, `${name}.${endingOf(file.type)}`);
    const stored = await downloadTo(path, files, file.key, signal);
    if (stored.bytes !== file.bytes) throw new AppError("internal", "A file of the job is not the one that was given.");
    return { path, type: file.type, bytes: file.bytes };
  };
  return {
    dir,
    signal,
    download,
    read: (file) => readStored(files, file, signal),
    input: async (slot) => {
      const given = (Object.hasOwn(record.inputs, slot) && record.inputs[slot]) || [];
      const local: LocalFile[] = [];
      for (const [nth, file] of given.entries()) {
        const found = await download(file, nth === 0 ? slot : `${slot}-${nth}`);
        here.set(file.key, found.path);
        local.push(found);
      }
      return local;
    },
    store: (name, path, facts) => {
      const sign: SignFile = (file) => signing.sign({ ...file, inputs: givenOf(record, here), signal });
      return storeOutput(files, record, { name, path, facts, marking, sign, signal });
    },
    storeStream: (name, body, facts) => storeStream(files, record, { name, body, facts, marking, signal }),
  };
}

type JobIoOptions = StoreIoOptions & {
  clock: Clock;
  engine: EngineProcess;
  elsewhere?: boolean | undefined;
  checker: EngineProcess;
  helpers: readonly HelperProcess[];
  ready: Ready;
  secrets: () => Secrets;
  stages: StageShares;
  report: (progress: Progress) => void;
  publish: JobIo["publish"];
  /** The kind's estimate, seconds of work, and the queue for it. */
  estimate: (inputs: SlotFacts) => number;
  queueOf: (estimateSeconds: number) => string;
  /** Throws `input_too_large` for work that is too much for its queue. */
  requireDoable: (queue: string, estimateSeconds: number) => void;
};

export function createJobIo(options: JobIoOptions): JobIo {
  const { record, clock, engine, checker, ready, secrets, stages, report, signal } = options;
  const timings: Record<string, number> = {};
  let expected = record.estimate_s;
  const offers = (service: string) => ready.services.includes(service);
  const serving = servingOf(options);
  const timed = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
    const started = clock.now();
    if (Object.hasOwn(stages, stage)) report(progressAt(stages, stage, { done: 0, total: 1 }));
    try {
      return await work();
    } finally {
      timings[stage] = (timings[stage] ?? 0) + clock.now() - started;
    }
  };
  const requestOptions = (stage?: string): RequestOptions => ({
    timeoutMs: 30_000 + 3000 * expected,
    signal,
    onProgress: (progress) => report(progressAt(stages, stage ?? progress.stage, progress)),
  });
  const mark = options.marking?.order ?? null;
  const provenance = { job: record.id, engine: ready.engine, version: ready.version, mark };
  return {
    ...createStoreIo(options),
    ...keeping(options),
    ...caching(options),
    elsewhere: options.elsewhere === true,
    publish: options.publish,
    ...{ engine, ready, checker, serving, offers, provenance, secrets, timings, timed, options: requestOptions },
    expect: (inputs) => {
      expected = Math.max(expected, options.estimate(inputs));
      const queue = options.queueOf(expected);
      options.requireDoable(queue, expected);
      const moves = queue !== options.queueOf(record.estimate_s) && (record.moves ?? 0) < MAX_MOVES;
      // one that has moved about enough is done where it is
      if (moves) throw new TooMuchWork(queue, expected);
    },
    finish: async (frames, spec, outputs, audio) => {
      if (dirname(resolve(frames.path)) !== dirname(outputs.video)) {
        throw new AppError("engine_failed", "The engine left its frames where they do not belong.");
      }
      const request: Omit<FinishRequest, "run"> = {
        type: "finish",
        frames,
        ...(audio && { audio: fileOf(audio) }),
        spec,
        outputs,
        provenance,
      };
      const options = { ...requestOptions(), onProgress: undefined, result: finishResultSchema };
      const finished = await (offers("finish") ? engine : serving("finish")).request(request, options);
      await rm(frames.path, { force: true });
      return finished;
    },
  };
}

/** Which process is asked for a service. */
export function servingOf({ engine, helpers, ready }: Pick<JobIoOptions, "engine" | "helpers" | "ready">) {
  return (service: string): EngineProcess => {
    const helper = helpers.find(({ services }) => services.includes(service));
    if (helper) return helper.process;
    if (ready.services.includes(service)) return engine;
    throw new AppError("engine_failed", `No process of this worker offers ${service}.`);
  };
}
