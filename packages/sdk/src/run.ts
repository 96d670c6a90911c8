/** From files and params to a result: files are uploaded, the job is created under an id made here, and followed to its end. */
import { errorOfJob, SmileloopError } from "./errors.ts";
import { follow } from "./follow.ts";
import type { Http } from "./http.ts";
import { newId } from "./ids.ts";
import { type Kept, type Store, writeKept } from "./keep.ts";
import type { Output } from "./output.ts";
import type { Job } from "./types.ts";
import { type FileSource, upload } from "./upload.ts";

/** A file that the server has or fetches: an upload, the input of an earlier job, or an address. */
export type InputRef = { upload: string } | { job: string; input: string } | { url: string };
export type Input = FileSource | InputRef;

export type RunProgress = {
  /** `sending` while files are uploaded; then the job's stages. */
  stage: string;
  /** 0 to 100 over everything; never decreases. */
  percent: number;
  etaSeconds: number | null;
  /** Number of jobs ahead while it is queued. */
  queuePosition: number | null;
  /** The job, once there is one. */
  job: Job | null;
};

export type RunOptions = {
  /** Stops everything; a job that was created is canceled. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Told of each output once it is ready, which for some kinds is while others are still being made; again where it was made anew. */
  onOutput?: ((name: string, output: Output, job: Job) => void) | undefined;
  /** A name under which the job is kept in `store`, so that `resume(name)` finds it after a reload. */
  keep?: string | undefined;
  metadata?: Record<string, string> | undefined;
  /** Where the end of the job is reported, besides. */
  webhook?: { url: string } | undefined;
};

/** What came out. */
export type Result = {
  job: Job;
  /** The main output, such as the video; the first one where a job has several alike. */
  output: Output;
  /** Its link, for at most 15 minutes: `link()` makes a new one. */
  url: string;
  link: (name?: string) => Promise<string>;
  /** Downloads an output, the main one by default. */
  blob: (name?: string) => Promise<Blob>;
  /** Deletes the job and its files now, not at `expiresAt`. */
  delete: () => Promise<void>;
  /** When everything is deleted. */
  expiresAt: Date;
};

export type Asked = {
  kind: string;
  inputs: Record<string, Input | readonly Input[] | undefined>;
  params: Record<string, unknown>;
  /** The output that the result's `url` is of. */
  main: string;
};

/** Part of the whole that sending files is, percent. */
const SENDING = 15;

export async function run(http: Http, store: Store | undefined, asked: Asked, options: RunOptions): Promise<Result> {
  const { signal, onProgress, keep, metadata, webhook } = options;
  const { kind, main } = asked;
  signal?.throwIfAborted();
  const inputs = await send(http, asked.inputs, options);
  const kept = { id: newId(), kind, main };
  writeKept(store, keep, kept);
  const params = Object.fromEntries(Object.entries(asked.params).filter(([, value]) => value !== undefined));
  try {
    const body = { kind, inputs, params, ...(metadata ? { metadata } : {}), ...(webhook ? { webhook } : {}) };
    // with an id of our own it is as safe to repeat as a GET
    const job = await http.json<Job>(`/v1/jobs/${kept.id}`, { method: "PUT", body, signal });
    onProgress?.(progressOf(job));
  } catch (error) {
    // whether it was created is not known where the reply was lost: after a reload it may be found
    const lost = error instanceof SmileloopError && error.code === "network";
    if (signal?.aborted) await cancel(http, kept.id);
    if (!lost) writeKept(store, keep, null);
    throw error;
  }
  return finish(http, store, kept, options);
}

/** Follows a job that was created to its result. */
export async function finish(http: Http, store: Store | undefined, kept: Kept, options: RunOptions): Promise<Result> {
  const { signal, onProgress, onOutput, keep } = options;
  const tellOutputs = newOutputs(onOutput);
  const onChange = (now: Job) => {
    onProgress?.(progressOf(now));
    tellOutputs(now);
  };
  try {
    const job = await follow(http, kept.id, { signal, onChange });
    writeKept(store, keep, null);
    if (job.status !== "succeeded") throw errorOfJob(job);
    return resultOf(http, job, kept.main);
  } catch (error) {
    if (signal?.aborted) {
      writeKept(store, keep, null);
      await cancel(http, kept.id);
    }
    throw error;
  }
}

/** Tells of each output once, and again when another attempt has made it: the links of the one before are dead. */
function newOutputs(onOutput: RunOptions["onOutput"]): (job: Job) => void {
  const told = new Map<string, number>();
  return (job) => {
    for (const [name, output] of Object.entries(job.outputs)) {
      if (told.get(name) === job.attempt) continue;
      told.set(name, job.attempt);
      onOutput?.(name, output, job);
    }
  };
}

/** It may have ended, or never been there: either is as good. */
async function cancel(http: Http, id: string): Promise<void> {
  await http.send(`/v1/jobs/${id}/cancel`, { method: "POST" }).catch(() => {});
}

type Sent = Record<string, InputRef | InputRef[]>;

async function send(http: Http, inputs: Asked["inputs"], { signal, onProgress }: RunOptions): Promise<Sent> {
  const given = Object.entries(inputs).flatMap(([slot, input]) =>
    input === undefined ? [] : [[slot, input] as const],
  );
  const files = given.flatMap(([, input]) => (Array.isArray(input) ? input : [input])).filter(isFile);
  const sizes = files.map((file) => ("size" in file ? file.size : file.byteLength));
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const sent = new Map<FileSource, number>();
  const tell = () => {
    const done = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    const percent = Math.min(SENDING, (SENDING * done) / total);
    onProgress?.({ stage: "sending", percent, etaSeconds: null, queuePosition: null, job: null });
  };
  const place = async (input: Input): Promise<InputRef> => {
    if (!isFile(input)) return input;
    const onSent = (bytes: number) => {
      // a try that is made again begins at 0
      sent.set(input, Math.max(bytes, sent.get(input) ?? 0));
      tell();
    };
    return { upload: await upload(http, input, { signal, ...(onProgress ? { onProgress: onSent } : {}) }) };
  };
  const placed: Sent = {};
  for (const [slot, input] of given) {
    placed[slot] = Array.isArray(input) ? await Promise.all(input.map(place)) : await place(input as Input);
  }
  return placed;
}

function isFile(input: Input): input is FileSource {
  return input instanceof Blob || input instanceof ArrayBuffer || input instanceof Uint8Array;
}

function progressOf(job: Job): RunProgress {
  const { stage, percent, eta_seconds, queue_position } = job.progress;
  const whole = SENDING + ((100 - SENDING) * percent) / 100;
  return { stage, percent: whole, etaSeconds: eta_seconds, queuePosition: queue_position, job };
}

function resultOf(http: Http, job: Job, main: string): Result {
  const first = job.outputs[main] ? main : (Object.keys(job.outputs)[0] ?? main);
  const output = job.outputs[first];
  if (!output) throw new SmileloopError("unexpected_reply", "The job has succeeded without an output.", { job });
  const path = (name: string) => `/v1/jobs/${job.id}/outputs/${encodeURIComponent(name)}`;
  const expiresAt = new Date(job.expires_at ?? Date.now());
  return {
    job,
    output,
    url: output.url,
    expiresAt,
    link: async (name = first) => {
      const { outputs } = await http.json<Job>(`/v1/jobs/${job.id}`);
      const found = outputs[name];
      if (found) return found.url;
      const there = Object.keys(outputs).join(", ") || "none";
      throw new SmileloopError("not_found", `The job has no output '${name}', but: ${there}.`, { job });
    },
    blob: async (name = first) => (await http.send(path(name))).blob(),
    delete: async () => {
      await http.send(`/v1/jobs/${job.id}`, { method: "DELETE" });
    },
  };
}
