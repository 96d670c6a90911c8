/** What clients of `/v1` do, asked of an app without a server. */
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import type { JobView } from "@smileloop/core/wire/job.ts";
import { jpegBytes, type TestApi } from "./api.ts";

export type Reply = {
  status: number;
  headers: Headers;
  body: JobView & { code: string; detail: string; errors: { loc: string[] }[] };
};

/** `api`: answers the app of the test that runs. Jobs belong to `local`. */
export function jobCalls(api: () => TestApi) {
  const job = (id: string) => ({ owner: "local", id });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const all = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
    const request = new Request(`http://localhost:8000${path}`, { method, headers: all, ...json });
    const reply = await api().app.fetch(request);
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === "" ? null : JSON.parse(text) };
  }

  async function upload(bytes: Uint8Array = jpegBytes()): Promise<string> {
    const id = newId(api().clock.now());
    await api().deps.files.put(uploadKey("local", id), only(bytes), { type: "image/jpeg" });
    return id;
  }

  /** A request for a job, with a fresh upload. */
  async function ask(more: object = {}): Promise<object> {
    return {
      kind: "animate",
      inputs: { image: { upload: await upload() } },
      params: { preset: "gentle_smile" },
      ...more,
    };
  }

  const run = async (id: string, video = new Uint8Array(5000).map((_, i) => i)) =>
    api().worker.succeed(job(id), await api().worker.claim(job(id)), video);

  return { job, call, upload, ask, run };
}

export async function* only(bytes: Uint8Array) {
  yield bytes;
}
