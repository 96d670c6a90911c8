/** What clients of a real server do, in one call each. */
import { readFileSync } from "node:fs";
import { until } from "./processes.ts";

export type Job = {
  webhook?: { state: string };
  id: string;
  status: string;
  attempt: number;
  outputs: Record<string, Output>;
  error: { code: string; detail: string } | null;
};

type Output = {
  url: string;
  bytes: number;
  frames: number;
  fps: number;
  width: number;
  height: number;
  mark?: { watermark?: { key: string; payload: number } | null };
};

/** Fast to render. */
export const SMALL = { preset: "gentle_smile", size: 256, duration: 1 } as const;

/** `POST /animate`, the image a path or its bytes. */
export function animate(
  url: string,
  image: string | Uint8Array,
  preset: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const bytes = typeof image === "string" ? readFileSync(image) : image;
  const body = new FormData();
  body.set("source_image", new Blob([Uint8Array.from(bytes)]), "photo.jpg");
  body.set("preset", preset);
  return fetch(`${url}/animate`, { method: "POST", body, headers });
}

/** Uploads the bytes by the link that the API hands out; answers the upload's id. */
export async function upload(url: string, bytes: Uint8Array, contentType = "image/jpeg"): Promise<string> {
  const asked = await postJson(`${url}/v1/uploads`, { content_type: contentType, size: bytes.byteLength });
  if (asked.status !== 201) throw new Error(`${asked.status}: ${await asked.text()}`);
  const link = (await asked.json()) as { id: string; method: string; url: string; headers: Record<string, string> };
  const put = await fetch(link.url, { method: link.method, headers: link.headers, body: Uint8Array.from(bytes) });
  if (!put.ok) throw new Error(`${put.status}: ${await put.text()}`);
  return link.id;
}

/** `POST /v1/jobs` of kind `animate`, waiting so many seconds for its end. */
export function postJob(
  url: string,
  uploadId: string,
  params: Record<string, unknown> = SMALL,
  waitSeconds = 0,
): Promise<Response> {
  const body = { kind: "animate", inputs: { image: { upload: uploadId } }, params };
  return postJson(`${url}/v1/jobs`, body, waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {});
}

export async function getJob(url: string, id: string): Promise<Job> {
  const reply = await fetch(`${url}/v1/jobs/${id}`);
  if (!reply.ok) throw new Error(`${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as Job;
}

/** The job once it has ended, which on a busy machine may be later than the API lets a request wait. */
export async function endOf(url: string, id: string): Promise<Job> {
  let job = await getJob(url, id);
  await until(async () => {
    job = await getJob(url, id);
    return ["succeeded", "failed", "canceled"].includes(job.status);
  });
  return job;
}

export function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
