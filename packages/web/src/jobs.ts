/** Starting jobs and following them, through reloads and lost connections. */
import { type Job, newId, SmileloopError } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { addEntry, changeEntry, type Entry, removeEntry } from "./history.ts";
import { isGone, smileloop } from "./server.ts";

/** What is asked of the server, and the preset that it is remembered by. */
export type Wanted = { kind: string; params: Record<string, unknown>; audio?: string; preset: string | null };
export type JobState = { job: Job | null; error: unknown };
type Request = Parameters<typeof smileloop.jobs.create>[1];

/** Written down before it is sent, so that it is found again however its reply gets lost. Answers the id. */
export async function startJob(request: Request, preset: Entry["preset"]): Promise<string> {
  const id = newId();
  addEntry({ id, preset, createdAt: Date.now(), expiresAt: null });
  try {
    await smileloop.jobs.create(id, request);
  } catch (error) {
    if (!(error instanceof SmileloopError) || error.code !== "network") removeEntry(id);
    throw error;
  }
  return id;
}

/** The job as it is now. Leaving the view stops the following, not the job. */
export function useJob(id: string | null): JobState {
  const [state, setState] = useState<JobState & { id: string | null }>({ id: null, job: null, error: null });
  useEffect(() => {
    if (id === null) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const onChange = (job: Job) => {
      setState({ id, job, error: null });
      if (job.expires_at !== null) changeEntry(id, { expiresAt: Date.parse(job.expires_at) });
    };
    smileloop.jobs.follow(id, { signal, onChange }).then(onChange, (error: unknown) => {
      if (signal.aborted) return;
      if (isGone(error)) removeEntry(id);
      setState({ id, job: null, error });
    });
    return () => leaving.abort();
  }, [id]);
  return state.id === id ? state : { job: null, error: null };
}

/** Runs a job that is nobody's to see, to its file. */
export async function fileOf(request: Request, signal: AbortSignal): Promise<Blob> {
  const id = newId();
  await smileloop.jobs.create(id, request, signal);
  const job = await smileloop.jobs.follow(id, { signal });
  try {
    if (job.status !== "succeeded") {
      throw new SmileloopError(job.error?.code ?? "canceled", job.error?.detail ?? "", { job });
    }
    return await download(job, "video", signal);
  } finally {
    smileloop.jobs.delete(id).catch(() => {});
  }
}

/** Whether the video itself may be shown: looking at one that is bought would end the right of withdrawal, so that is asked for first. */
export function hasVideo({ outputs, charge }: Job): boolean {
  return outputs.video !== undefined && (!charge || charge.supplied_at !== null);
}

/** The file of an output. Its link is signed, and may be of the storage itself. */
export async function download(job: Job, name: string, signal?: AbortSignal): Promise<Blob> {
  const output = job.outputs[name];
  if (!output) throw new SmileloopError("not_found", `The job has no output ${name}.`, { job });
  const reply = await fetch(output.url, signal ? { signal } : {}).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new SmileloopError("network", "The server cannot be reached.", { retryable: true, cause });
  });
  if (!reply.ok) throw new SmileloopError("gone", `The file answers ${reply.status}.`, { job, status: reply.status });
  return reply.blob();
}
