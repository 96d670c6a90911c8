/** An API that says texts and makes lips follow sounds, its clients, and workers that do as if. */
import type { ApiConfig, ApiDeps } from "@smileloop/api/deps.ts";
import { inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobInput, JobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { SAFEGUARDS, type Safeguards } from "@smileloop/core/safeguards.ts";
import { type TestApi, testApi } from "./api.ts";
import { wavBytes } from "./talking-avatar.ts";

export const VIDEO = new Uint8Array(Buffer.from("not a video, but bytes of one"));
export const SOUND = wavBytes(1);

type Job = Pick<JobRecord, "owner" | "id">;

export function lipsyncApi(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): TestApi {
  const { presets } = testApi().deps;
  const known = [
    { name: "warp", kinds: ["animate", "talk", "lipsync", "process_image", "process_video", "convert"] },
    { name: "narrator", kinds: ["speak"] },
  ];
  const serve = new Map(known.flatMap(({ name, kinds }) => kinds.map((kind): [string, string[]] => [kind, [name]])));
  const capabilities = new Map([["warp", ["face_debugger", "face_swapper", "face_editor", "face_enhancer"]]]);
  const kinds = createKinds({ presets, engines: { known, serve, capabilities } });
  const lookup = async (name: string) => {
    return [{ address: name.endsWith(".internal") ? "10.1.2.3" : "93.184.215.14", family: 4 }];
  };
  // the operator is the caller
  const safeguards: Safeguards = { ...SAFEGUARDS, attested: "all" };
  return testApi(config, { kinds, lookup, safeguards, ...deps });
}

/** Kinds of an installation in which a service elsewhere, `far`, does lip sync for those who have a key. */
export function kindsWithService() {
  const { presets } = testApi().deps;
  const secrets = { takes: ["api_key"], needs: ["api_key"] };
  const known = [
    { name: "warp", kinds: ["lipsync"] },
    { name: "far", kinds: ["lipsync"], secrets },
  ];
  return createKinds({ presets, engines: { known, serve: new Map([["lipsync", ["warp", "far"]]]) } });
}

/** The headers of somebody who has logged in, on a server that is open to all. */
export async function loggedIn(api: TestApi, username = "alice"): Promise<Record<string, string>> {
  const reply = await fetch(`${api.url}/auth/login`, {
    method: "POST",
    body: new URLSearchParams({ username, password: "any" }),
  });
  const { access_token } = (await reply.json()) as { access_token: string };
  return { Authorization: `Bearer ${access_token}` };
}

/** Ends a job of a text with a sound. */
export async function say(api: TestApi, job: Job): Promise<void> {
  const token = await api.worker.claim(job);
  const attempt = (await recordOf(api, job)).attempt;
  const key = outputKey(job.owner, job.id, attempt, "audio");
  const { bytes, sha256 } = await api.deps.files.put(key, only(SOUND), { type: "audio/wav" });
  const audio = { key, attempt, type: "audio/wav", bytes, sha256, duration: 1 };
  await updateJob(api.deps, job.owner, job.id, () => ({
    ...{ by: "holder", do: "succeed", token, outputs: { audio }, engineVersion: "1.0", warnings: [], timings: {} },
  }));
}

/** Fetches what the job has to fetch, and ends it with a video. */
export async function sync(api: TestApi, job: Job): Promise<void> {
  const token = await api.worker.claim(job);
  const { fetches = [], inputs } = await recordOf(api, job);
  if (fetches.length > 0) {
    const fetched: Record<string, JobInput[]> = { ...inputs };
    for (const { slot, source } of fetches) {
      const key = inputKey(job.owner, job.id, slot, 0);
      const { bytes } = await api.deps.files.put(key, only(VIDEO), { type: "video/mp4" });
      fetched[slot] = [{ key, type: "video/mp4", bytes, source }];
    }
    await updateJob(api.deps, job.owner, job.id, () => ({
      ...{ by: "holder", do: "fetched", token, inputs: fetched, estimateSeconds: 5 },
    }));
  }
  await api.worker.succeed(job, token, VIDEO);
}

/** Does all jobs of one queue as they come; the returned function stops it. */
export function working(api: TestApi, queue: "narrator" | "warp"): () => Promise<void> {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      const options = { leaseMs: 60_000, waitMs: 60_000, signal: stop.signal };
      const message = await api.deps.queue.receive(queue, options);
      if (!message) continue;
      await (queue === "narrator" ? say : sync)(api, message);
      await message.ack();
    }
  };
  const running = loop();
  return () => {
    stop.abort();
    return running;
  };
}

export async function recordOf(api: TestApi, { owner, id }: Job): Promise<JobRecord> {
  const stored = await api.deps.records.get(owner, id);
  if (!stored) throw new Error(`there is no job ${id} of ${owner}`);
  return stored.record;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
