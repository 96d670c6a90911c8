import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";

let api: TestApi;
beforeEach(async () => {
  api = testApi();
  await api.listen();
});
afterEach(() => api.close());

type Event = {
  event?: string;
  id?: string;
  data?: { status?: string; percent?: number; outputs?: object };
  comment?: boolean;
};

async function* only(bytes: Uint8Array) {
  yield bytes;
}

async function makeJob(): Promise<{ owner: string; id: string }> {
  const upload = newId(api.clock.now());
  await api.deps.files.put(uploadKey("local", upload), only(jpegBytes()), { type: "image/jpeg" });
  const body = JSON.stringify({ kind: "animate", inputs: { image: { upload } }, params: { preset: "blink" } });
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(`${api.url}/v1/jobs`, { method: "POST", headers, body });
  return { owner: "local", id: ((await reply.json()) as { id: string }).id };
}

/** Events one by one; ends with the stream. */
async function* follow(id: string, headers: Record<string, string> = {}, signal?: AbortSignal): AsyncGenerator<Event> {
  const reply = await fetch(`${api.url}/v1/jobs/${id}/events`, { headers, ...(signal ? { signal } : {}) });
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  let text = "";
  for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const fields = Object.fromEntries(
        block.split("\n").map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)]),
      );
      if (block.startsWith(":")) yield { comment: true };
      else if (fields.event) yield { event: fields.event, id: fields.id, data: JSON.parse(fields.data) };
    }
  }
}

const next = async (events: AsyncGenerator<Event>): Promise<Event> => (await events.next()).value;

it("tells of each change and ends with the job", async () => {
  const job = await makeJob();
  const events = follow(job.id);
  expect(await next(events)).toMatchObject({ event: "status", id: "1", data: { status: "queued" } });
  const token = await api.worker.claim(job);
  expect(await next(events)).toMatchObject({ event: "status", id: "2", data: { status: "running" } });
  await api.worker.beat(job, token, { stage: "render", done: 1, total: 4, percent: 25 });
  expect(await next(events)).toMatchObject({ event: "progress", id: "3", data: { percent: 25, stage: "render" } });
  await api.worker.beat(job, token, { stage: "render", done: 1, total: 4, percent: 25 });
  await api.worker.succeed(job, token, new Uint8Array(10));
  expect(await next(events)).toMatchObject({ event: "status", data: { status: "succeeded" } });
  expect(await next(events)).toMatchObject({ event: "progress", data: { percent: 100 } });
  expect(await next(events)).toMatchObject({ event: "done", id: "5", data: { status: "succeeded" } });
  expect((await events.next()).done).toBe(true);
});

it("tells the status again when an output is ready before the others", async () => {
  const job = await makeJob();
  const token = await api.worker.claim(job);
  const events = follow(job.id);
  expect(await next(events)).toMatchObject({ event: "status", data: { status: "running", outputs: {} } });
  for (const [nth, name] of ["wink", "nod"].entries()) {
    await api.worker.publish(job, token, name, new Uint8Array(10));
    const { event, data } = await next(events);
    expect([event, Object.keys(data!.outputs!)]).toEqual(["status", ["wink", "nod"].slice(0, nth + 1)]);
  }
  await api.worker.succeed(job, token, new Uint8Array(10));
  const rest: (string | undefined)[] = [];
  for await (const { event } of events) rest.push(event);
  expect(rest).toEqual(["status", "progress", "done"]);
});

it("goes on from where a client was, and sends those away that have seen the end", async () => {
  const job = await makeJob();
  const token = await api.worker.claim(job);
  const events = follow(job.id, { "Last-Event-ID": "2" });
  const first = next(events);
  while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
  await api.worker.beat(job, token, { stage: "render", done: 1, total: 2, percent: 50 });
  expect(await first).toMatchObject({ event: "progress", id: "3" });
  await api.worker.fail(job, token, { code: "no_face", detail: "No face." });
  expect(await next(events)).toMatchObject({ event: "status", data: { status: "failed" } });
  expect(await next(events)).toMatchObject({ event: "done", id: "4", data: { status: "failed" } });
  const again = await fetch(`${api.url}/v1/jobs/${job.id}/events`, { headers: { "Last-Event-ID": "4" } });
  expect(again.status).toBe(204);
  const late = follow(job.id, { "Last-Event-ID": "2" });
  const seen = [];
  for await (const { event } of late) seen.push(event);
  expect(seen).toEqual(["status", "progress", "done"]);
});

it("sends a comment in every 15 seconds of silence", async () => {
  const job = await makeJob();
  const events = follow(job.id);
  await next(events);
  for (let i = 0; i < 2; i++) {
    while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.clock.advance(15_000);
    expect(await next(events)).toEqual({ comment: true });
  }
});

it("lets go of everything when the client leaves", async () => {
  const job = await makeJob();
  const leave = new AbortController();
  const events = follow(job.id, {}, leave.signal);
  await next(events);
  while (api.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
  leave.abort();
  await expect(events.next()).rejects.toThrow();
  await expect.poll(() => api.clock.sleepers, { interval: 5 }).toBe(0);
});

it("ends for a job that is deleted", async () => {
  const job = await makeJob();
  const events = follow(job.id);
  await next(events);
  await fetch(`${api.url}/v1/jobs/${job.id}`, { method: "DELETE" });
  expect((await events.next()).done).toBe(true);
});

it("sends the present state and ends where streams cannot stay open", async () => {
  const job = await makeJob();
  const config = { ...api.deps.config, liveEvents: false };
  const cloud = testApi({}, { ...api.deps, config });
  const reply = await cloud.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}/events`));
  expect(await reply.text()).toMatch(/^retry: 2000\n\nevent: status\ndata: \{.*"queued".*\}\nid: 1\n\n$/);
});
