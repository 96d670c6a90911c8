/** An API that makes personalised videos, its clients, and a worker that does as if it had made them. */
import type { ApiConfig, ApiDeps } from "@smileloop/api/deps.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { convert } from "@smileloop/core/kinds/convert.ts";
import { createKinds, KINDS } from "@smileloop/core/kinds/index.ts";
import { personalize } from "@smileloop/core/kinds/personalize.ts";
import { type TestApi, testApi } from "./api.ts";
import { MP4 } from "./facefusion-clients.ts";
import { multipart, type Part } from "./multipart.ts";
import { wavBytes } from "./talking-avatar.ts";

export const CSV = "name,phone\nAmit,+91 98765 43210\nराम,12345\nSumit,99999\n";
export const ZIP = new Uint8Array(Buffer.from("not an archive, but bytes of one"));
export const CONVERTED = new Uint8Array(Buffer.from("not a video, but bytes of one"));
export const FILES = { base_video: MP4, recipients: new Uint8Array(Buffer.from(CSV)) };
export const VOICE = wavBytes(1);

/** With those that this dialect asks for, listed or not. */
export const ALL_KINDS = [...new Set([...KINDS, personalize, convert])];

type Job = Pick<JobRecord, "owner" | "id">;

export function vidxApi(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): TestApi {
  const { presets } = testApi().deps;
  const known = [{ name: "warp", kinds: ["animate", "talk", "convert"] }];
  const serve = new Map(known[0]!.kinds.map((kind): [string, string[]] => [kind, ["warp"]]));
  const kinds = createKinds({ kinds: ALL_KINDS, presets, engines: { known, serve } });
  return testApi(config, { kinds, ...deps });
}

/** Sends a form. `texts`: its parts that are not files. */
export function sendForm(
  api: TestApi,
  path: string,
  {
    files = FILES,
    texts = {},
    init = {},
  }: { files?: Record<string, Uint8Array>; texts?: Texts; init?: RequestInit } = {},
): Promise<Response> {
  const parts: Part[] = [
    ...Object.entries(files).map(([name, body]) => ({ name, filename: `${name}.bin`, body })),
    ...Object.entries(texts).map(([name, body]) => ({ name, body })),
  ];
  const { body, type } = multipart(parts);
  const headers = { ...(init.headers as Record<string, string>), "Content-Type": type };
  return fetch(`${api.url}${path}`, { ...init, method: "POST", headers, body: Buffer.from(body) });
}
type Texts = Record<string, string>;

/** Stores these files as outputs of the job, and ends it. */
export async function finish(api: TestApi, job: Job, files: Record<string, { type: string; body: Uint8Array }>) {
  const token = await api.worker.claim(job);
  const { record } = (await api.deps.records.get(job.owner, job.id))!;
  const outputs: Record<string, JobOutput> = {};
  for (const [name, { type, body }] of Object.entries(files)) {
    const key = outputKey(job.owner, job.id, record.attempt, name);
    const { bytes, sha256 } = await api.deps.files.put(key, only(body), { type });
    outputs[name] = { key, attempt: record.attempt, type, bytes, sha256 };
  }
  await updateJob(api.deps, job.owner, job.id, () => ({
    ...{ by: "holder", do: "succeed", token, outputs, engineVersion: null, warnings: [], timings: {} },
  }));
}

const REPORT =
  "\ufeffrow,name,file,status,code,detail,voice,language,seconds,warnings\r\n" +
  "2,Amit,Amit.mp3,succeeded,,,espeak-hi,hi,3.1,\r\n" +
  "3,राम,राम.mp3,succeeded,,,espeak-hi,hi,3,\r\n" +
  "4,Sumit,,failed,voice_unavailable,The voice did not answer.,,,,\r\n";

/** Ends a batch: two recipients have their files, one has failed. */
export function finishBatch(api: TestApi, job: Job): Promise<void> {
  const report = { type: "text/csv", body: new Uint8Array(Buffer.from(REPORT)) };
  return finish(api, job, { archive: { type: "application/zip", body: ZIP }, report });
}

/** Takes every job of a queue as it comes, and ends it. The returned function stops it. */
export function working(api: TestApi, queue: "plans" | "warp"): () => Promise<void> {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      const message = await api.deps.queue.receive(queue, { leaseMs: 60_000, waitMs: 60_000, signal: stop.signal });
      if (!message) continue;
      if (queue === "plans") await finishBatch(api, message);
      else await finish(api, message, { video: { type: "video/mp4", body: CONVERTED } });
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
