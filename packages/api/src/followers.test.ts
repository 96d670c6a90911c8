/** Many who follow one job, and how many one owner may have. */
import { connect } from "node:net";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import type { Records } from "@smileloop/core/records.ts";
import { afterEach, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { makeJob } from "../../../test/support/jobs.ts";
import { manualClock } from "../../../test/support/manual-clock.ts";

let api: TestApi;
afterEach(() => api.close());

/** An API whose storage counts what it is asked. */
function countingApi(maxFollowers: number) {
  const clock = manualClock();
  const counts = { get: 0, watching: 0, mostWatching: 0 };
  const records = memoryRecords({ clock });
  const counted: Records = {
    ...records,
    get: (...asked) => {
      counts.get += 1;
      return records.get(...asked);
    },
    changed: async (...asked) => {
      counts.watching += 1;
      counts.mostWatching = Math.max(counts.mostWatching, counts.watching);
      await records.changed(...asked);
      counts.watching -= 1;
    },
  };
  api = testApi({ maxFollowers }, { records: counted });
  return counts;
}

const url = (id: string, path = "") => new Request(`http://localhost/v1/jobs/${id}${path}`);
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const followed = async (id: string, signal?: AbortSignal) =>
  api.app.fetch(new Request(`http://localhost/v1/jobs/${id}/events`, signal ? { signal } : {}));

/** Reads a stream to its end. */
async function readAll(reply: Response): Promise<string> {
  return reply.text();
}

it("500 followers of one job are one watch, and one read for each change; a DELETE among them is answered", async () => {
  const counts = countingApi(500);
  const job = await makeJob(api);
  const streams = await Promise.all(Array.from({ length: 250 }, () => followed(job.id)));
  const texts = streams.map(readAll);
  const waits = Array.from({ length: 250 }, async () => {
    const headers = { Prefer: "wait=60" };
    return (await api.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}`, { headers }))).status;
  });
  await settle();
  expect(counts.mostWatching).toBe(1);
  const token = await api.worker.claim(job);
  expect(await Promise.all(waits)).toEqual(waits.map(() => 200));
  await settle();
  counts.get = 0;
  const beats = 5;
  for (let done = 1; done <= beats; done++) {
    await api.worker.beat(job, token, { stage: "render", done, total: 10, percent: done * 10 });
    await settle();
  }
  // the writer reads before it writes, and somebody reads for all followers
  expect(counts.get).toBe(2 * beats);
  expect(counts.mostWatching).toBe(1);
  const deleted = await api.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}`, { method: "DELETE" }));
  expect(deleted.status).toBe(204);
  for (const text of await Promise.all(texts)) expect(text.match(/^event: progress$/gm)).toHaveLength(beats);
  await expect.poll(() => counts.watching).toBe(0);
  expect(api.clock.sleepers).toBe(0);
});

it("an owner who follows too much is told when to try again, and has its places back when followers leave", async () => {
  countingApi(2);
  const job = await makeJob(api);
  const leave = [new AbortController(), new AbortController()];
  const open = await Promise.all(leave.map(({ signal }) => followed(job.id, signal)));
  for (const path of ["/events", ""]) {
    const refused = await api.app.fetch(new Request(url(job.id, path), { headers: { Prefer: "wait=30" } }));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
    expect(await refused.json()).toMatchObject({
      code: "too_many_requests",
      detail: expect.stringContaining("At most 2"),
    });
  }
  // who does not wait is answered, and a job that is made is not lost for it
  expect((await api.app.fetch(url(job.id))).status).toBe(200);
  await makeJob(api, { Prefer: "wait=30" });
  leave[0]!.abort();
  await open[1]!.body!.cancel();
  const again = [await followed(job.id), await followed(job.id)];
  expect(again.map(({ status }) => status)).toEqual([200, 200]);
  await Promise.all(again.map(({ body }) => body!.cancel()));
});

it("a client that reads slowly is told the last of what came meanwhile", async () => {
  countingApi(1);
  const job = await makeJob(api);
  const reader = (await followed(job.id)).body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await read()).toMatch(/^retry/);
  expect(await read()).toContain('"queued"');
  const token = await api.worker.claim(job);
  for (const percent of [10, 20, 30]) {
    await api.worker.beat(job, token, { stage: "render", done: percent, total: 100, percent });
    await settle();
  }
  const text = await read();
  expect(text).toContain('"percent":30');
  expect(text).not.toContain('"percent":20');
  await reader.cancel();
  expect(api.clock.sleepers).toBe(0);
});

it("a comment goes to those alone who have heard nothing for a while", async () => {
  countingApi(3);
  const [silent, busy] = [await makeJob(api), await makeJob(api)];
  const heard = { silent: "", busy: "" };
  const listen = async (who: "silent" | "busy", id: string) => {
    for await (const chunk of (await followed(id)).body!.pipeThrough(new TextDecoderStream())) heard[who] += chunk;
  };
  const both = [listen("silent", silent.id), listen("busy", busy.id)];
  await settle();
  await api.clock.advance(10_000);
  await api.worker.claim(busy);
  await settle();
  await api.clock.advance(5_000);
  await settle();
  expect(heard.silent).toContain(": still here");
  expect(heard.busy).toContain('"running"');
  expect(heard.busy).not.toContain(": still here");
  await api.clock.advance(10_000);
  await settle();
  expect(heard.busy).toContain(": still here");
  for (const { id } of [silent, busy]) {
    await api.app.fetch(new Request(`http://localhost/v1/jobs/${id}`, { method: "DELETE" }));
  }
  await Promise.all(both);
});

it("a HEAD request, and streams that have ended, take no place", async () => {
  countingApi(1);
  const job = await makeJob(api);
  for (let i = 0; i < 3; i++) {
    const head = await api.app.fetch(new Request(url(job.id, "/events"), { method: "HEAD" }));
    expect(head.status).toBe(200);
  }
  const text = readAll(await followed(job.id));
  await settle();
  const token = await api.worker.claim(job);
  await api.worker.succeed(job, token, jpegBytes());
  expect(await text).toContain("event: done");
  expect((await followed(job.id)).status).toBe(200);
  expect((await followed(job.id)).status).toBe(200);
});

it("a request with two Host headers is refused, and says why", async () => {
  api = testApi();
  await api.listen();
  const reply = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1", () =>
      socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
    );
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
  expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  expect(reply).toContain("one Host header");
});
