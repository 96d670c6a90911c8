import { newId } from "@smileloop/core/job/ids.ts";
import { inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import { type JobRecord, newJobRecord } from "@smileloop/core/job/record.ts";
import { jobViewSchema } from "@smileloop/core/wire/job.ts";
import { expect, it } from "vitest";
import { testApi } from "../../../test/support/api.ts";
import { outputFileName, viewJob } from "./view.ts";

const api = testApi();
const OWNER = "local";
const SHA256 = "ab".repeat(32);

/** A job that has ended well, with these outputs: only what every file has, and what is said here. */
function record(outputs: Record<string, { type: string } & Record<string, unknown>>, more: object = {}): JobRecord {
  const now = api.clock.now();
  const id = newId(now);
  const job = { ...{ id, owner: OWNER, kind: "echo", queue: "echo", engine: "echo", estimateSeconds: 1 }, inputs: {} };
  const all = Object.entries(outputs).map(([name, output]) => {
    const key = outputKey(OWNER, id, 1, name);
    return [name, { key, attempt: 1, bytes: 3, sha256: SHA256, ...output }];
  });
  const ended = { state: "succeeded", ended_at: now, expires_at: now + 3_600_000, outputs: Object.fromEntries(all) };
  return { ...newJobRecord({ ...job, params: {}, metadata: {} }, now), ...ended, ...more } as JobRecord;
}

const view = async (shown: JobRecord) => {
  const job = await viewJob(api.deps, shown, "http://localhost");
  expect(jobViewSchema.parse(job)).toEqual(job);
  return JSON.parse(JSON.stringify(job)) as typeof job;
};

it("shows of an output what every file has, and of its medium what is known; never its key", async () => {
  const sound = { codec: "aac", channels: 2, sample_rate: 48_000 };
  const { outputs } = await view(
    record({
      text: { type: "text/plain", secret: "x" },
      video: { type: "video/mp4", width: 8, height: 6, frames: 2, fps: 25, duration: 0.08, audio: sound },
      open: {
        type: "image/png",
        width: 8,
        height: 6,
        access: "open",
        mark: { c2pa: { instance: "xmp:iid:1", leaf: "ab" } },
      },
      paid: { type: "image/png", access: "paid" },
    }),
  );
  const url = expect.stringMatching(/^http:\/\/localhost\/v1\/files\//);
  const always = (content_type: string) => ({ url, content_type, bytes: 3, sha256: SHA256 });
  expect(outputs).toEqual({
    text: always("text/plain"),
    video: { ...always("video/mp4"), width: 8, height: 6, frames: 2, fps: 25, duration: 0.08, audio: sound },
    open: {
      ...always("image/png"),
      width: 8,
      height: 6,
      access: "open",
      mark: { c2pa: { instance: "xmp:iid:1", leaf: "ab" } },
    },
  });
});

it("names a file by its job, its type and, from the second output on, its name", () => {
  const only = record({ report: { type: "text/csv" } });
  const start = `smileloop_${only.id.slice(0, 8)}`;
  expect(outputFileName(only, "report")).toBe(`${start}.csv`);
  const both = record({
    ...{ archive: { type: "application/zip" }, report: { type: "application/json" }, odd: { type: "x/y" } },
  });
  const names = ["archive", "report", "odd"].map((name) => outputFileName(both, name).slice(start.length));
  expect(names).toEqual([".zip", "-report.json", "-odd.bin"]);
});

it("serves an output of any type, under its name", async () => {
  const job = record({ text: { type: "text/plain" }, table: { type: "text/csv" } });
  await api.deps.records.create(job);
  for (const { key, type } of Object.values(job.outputs)) await api.deps.files.put(key, only("a,b"), { type });
  const reply = await api.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}/outputs/table`));
  expect([reply.status, reply.headers.get("content-type"), await reply.text()]).toEqual([200, "text/csv", "a,b"]);
  const name = `smileloop_${job.id.slice(0, 8)}-table.csv`;
  expect(reply.headers.get("content-disposition")).toBe(`attachment; filename="${name}"`);
  const missing = await api.app.fetch(new Request(`http://localhost/v1/jobs/${job.id}/outputs/video`));
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: "not_found" }]);
});

it("shows the files of a slot: one as it is, several as a list", async () => {
  const file = (slot: string, type: string) => ({
    key: inputKey(OWNER, newId(api.clock.now()), slot),
    type,
    bytes: 5,
    source: "form",
  });
  const inputs = {
    target: [file("target", "video/mp4")],
    faces: [file("faces", "image/png"), file("faces", "image/jpeg")],
    none: [],
  };
  const shown = (content_type: string) => ({ content_type, bytes: 5, source: "form" });
  expect((await view(record({}, { inputs }))).inputs).toEqual({
    target: shown("video/mp4"),
    faces: [shown("image/png"), shown("image/jpeg")],
  });
});

it("shows the progress of a job that waits for others, and that it has no engine", async () => {
  const progress = { stage: "children", done: 2, total: 3, percent: 66 };
  const waiting = { ...{ state: "waiting", ended_at: null, expires_at: null, engine: null }, progress };
  expect(await view(record({}, waiting))).toMatchObject({
    status: "waiting",
    engine: null,
    progress: { ...progress, eta_seconds: null, queue_position: null },
  });
});

it("tells the time that a plan has left by the pace at which its parts end", async () => {
  const now = api.clock.now();
  const waiting = { state: "waiting", ended_at: null, expires_at: null, engine: null, estimate_s: 90 };
  const after = (done: number) => ({
    ...{ ...waiting, started_at: now - 30_000 },
    progress: { stage: "waiting", done, total: 500, percent: 1 },
  });
  expect((await view(record({}, after(100)))).progress.eta_seconds).toBe(120);
  expect((await view(record({}, after(0)))).progress.eta_seconds).toBe(60);
});

async function* only(text: string) {
  yield new TextEncoder().encode(text);
}
