/** Jobs for a fleet: made as the API makes them, and looked at as its users would. */
import { hasCode } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import { jpegBytes } from "./api.ts";
import type { Fleet } from "./fleet.ts";
import { clipsKind } from "./fleet-plan.ts";
import type { StubScript } from "./stub-engine.ts";
import { factsIn } from "./stub-video.ts";

export const OWNER = "ann";
const type = "image/jpeg";

/** A picture that tells the stub what to do and that passes for a JPEG. */
export function scriptedPicture(script: StubScript): Uint8Array {
  return Buffer.concat([jpegBytes(), Buffer.from(`\n${JSON.stringify(script)}`)]);
}

/** `url`: where the worker fetches the picture. Tries again, as a client with an Idempotency-Key would, for as long as the storage gives trouble. */
export async function submit(
  fleet: Fleet,
  n: number,
  script: StubScript = {},
  id = newId(fleet.clock.now()),
  url?: string,
): Promise<string> {
  const { store } = fleet;
  const picture = Buffer.from(JSON.stringify(script));
  const keySha256 = sha256Hex(`key ${n}`);
  const storeInputs = async (): Promise<JobRecord["inputs"]> => {
    if (url !== undefined) return {};
    const key = inputKey(OWNER, id, "image");
    await store.files.put(key, oneChunk(picture), { type }).catch((error: unknown) => {
      if (!hasCode(error, "already_exists")) throw error;
    });
    return { image: [{ key, type, bytes: picture.byteLength, source: "form" }] };
  };
  await insist(() =>
    createJob(store, {
      id,
      owner: OWNER,
      kind: "animate",
      queue: "warp",
      engine: "warp",
      estimateSeconds: 0.1,
      // by its seed the result can be told from others
      params: { preset: "smile", seed: n },
      metadata: {},
      idempotency: { keySha256, bodySha256: keySha256 },
      storeInputs,
      ...(url === undefined ? {} : { fetches: [{ slot: "image", nth: 0, source: "url:", url }] }),
    }),
  );
  return id;
}

/** A plan of so many clips. */
export async function submitClips(fleet: Fleet, count: number, id: string): Promise<void> {
  const key = inputKey(OWNER, id, "image");
  const picture = scriptedPicture({ run: "slow:20" });
  const storeInputs = async () => {
    await fleet.store.files.put(key, oneChunk(picture), { type });
    return { image: [{ key, type, bytes: picture.byteLength, source: "form" }] };
  };
  const job = { id, owner: OWNER, kind: clipsKind.name, queue: PLAN_QUEUE, engine: null, estimateSeconds: 1 };
  await insist(() => createJob(fleet.store, { ...job, params: { count }, metadata: {}, storeInputs }));
}

/** Again and again while the storage does not answer. */
export async function insist<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, "storage_unavailable")) throw error;
    }
  }
}

/** The record as it is now. */
export async function read(fleet: Fleet, id: string): Promise<JobRecord> {
  return (await insist(() => fleet.store.records.get(OWNER, id)))!.record;
}

/**
 * What is wrong with the result that a user gets for the job with this seed; null when it is whole and the right one. Asks
 * again when the storage gives trouble. A job that was deleted meanwhile has none.
 */
export async function resultFault(fleet: Fleet, record: JobRecord, seed: number): Promise<string | null> {
  const { video } = record.outputs;
  if (!video) return "there is none";
  const { status, body } = await download(fleet, video.key, video.type);
  if (status === 404 && (await read(fleet, record.id)).state === "deleted") return null;
  if (status !== 200) return `${status}: ${body}`;
  if (sha256Hex(body) !== video.sha256 || body.byteLength !== video.bytes) return "it is not what was checked";
  const made = factsIn(body) as { provenance: { job: string }; params: { seed: number } };
  return made.provenance.job === record.id && made.params.seed === seed ? null : "it is another job's";
}

async function download({ store, clock }: Fleet, key: string, type: string): Promise<{ status: number; body: Buffer }> {
  for (;;) {
    const expiresAtMs = clock.now() + 10 * 60_000;
    const url = await store.files.link(key, { method: "GET", expiresAtMs, type, disposition: "inline" });
    try {
      const reply = await fetch(url);
      const body = Buffer.from(await reply.arrayBuffer());
      if (reply.status !== 409 && reply.status < 500) return { status: reply.status, body };
    } catch {
      // cut off
    }
  }
}

/** The files of a job by their place in its folder, such as `out/1/video.mp4`. */
export function filesOf(fleet: Fleet, id: string): string[] {
  return fleet.double.store
    .keys()
    .filter((key) => key.startsWith(`jobs/${OWNER}/`) && key.includes(`${id}/`))
    .map((key) => key.split("/").slice(3).join("/"))
    .filter((name) => name !== "job.json");
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
