/** How clients of the FaceFusion dialect send their files, and a worker that does as if it had worked on faces. */
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobError, JobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { TestApi } from "./api.ts";
import { multipart, type Part } from "./multipart.ts";

/** What all results are made of. */
export const RESULT = new Uint8Array(Buffer.from("not a picture, but bytes of one"));

type Job = Pick<JobRecord, "owner" | "id">;

/** The header of an MP4 and some bytes, as far as the API ever looks. */
export const MP4 = new Uint8Array(
  Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]),
);

/** `texts`: parts of the form that are not files. */
export function processing(
  api: TestApi,
  path: string,
  files: Record<string, Uint8Array | Uint8Array[]>,
  texts: Record<string, string | string[]> = {},
  init: RequestInit = {},
): Promise<Response> {
  const parts: Part[] = [
    ...Object.entries(files).flatMap(([name, list]) =>
      [list].flat().map((body) => ({ name, filename: `${name}.bin`, body: body as Uint8Array })),
    ),
    ...Object.entries(texts).flatMap(([name, list]) => [list].flat().map((body) => ({ name, body }))),
  ];
  const { body, type } = multipart(parts);
  const headers = { ...(init.headers as Record<string, string>), "Content-Type": type };
  return fetch(`${api.url}${path}`, { ...init, method: "POST", headers, body: Buffer.from(body) });
}

/** Ends a job with a result, and with these warnings. */
export async function draw(api: TestApi, job: Job, warnings: JobRecord["warnings"] = [], bytes: Uint8Array = RESULT) {
  const token = await api.worker.claim(job);
  const { record } = (await api.deps.records.get(job.owner, job.id))!;
  const name = record.kind === "process_image" ? "image" : "video";
  const type = name === "image" ? "image/jpeg" : "video/mp4";
  const key = outputKey(job.owner, job.id, record.attempt, name);
  const stored = await api.deps.files.put(key, only(bytes), { type });
  const output = { key, attempt: record.attempt, type, bytes: stored.bytes, sha256: stored.sha256 };
  const outputs = { [name]: { ...output, width: 640, height: 480 } };
  await updateJob(api.deps, job.owner, job.id, () => ({
    ...{ by: "holder", do: "succeed", token, outputs, engineVersion: "1.0", warnings, timings: {} },
  }));
}

type Work = { error?: JobError; warnings?: JobRecord["warnings"]; bytes?: Uint8Array };

/** Takes every job that comes: fails it with `error`, or ends it. The returned function stops it. */
export function drawing(api: TestApi, { error, warnings, bytes }: Work = {}): () => Promise<void> {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      const options = { leaseMs: 60_000, waitMs: 60_000, signal: stop.signal };
      const message = await api.deps.queue.receive("warp", options);
      if (!message) continue;
      if (error) await api.worker.fail(message, await api.worker.claim(message), error);
      else await draw(api, message, warnings, bytes);
      await message.ack();
    }
  };
  const running = loop();
  return () => {
    stop.abort();
    return running;
  };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
