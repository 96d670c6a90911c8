import { changeJob } from "@smileloop/core/job/change.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());

type Body = { code: string; retryable: boolean; jobs: { id: string }[]; progress: { stage: string } };

async function call(method: string, path: string, headers: Record<string, string> = {}) {
  const reply = await api.app.fetch(new Request(`http://localhost:8000${path}`, { method, headers }));
  const text = await reply.text();
  return { status: reply.status, body: (text === "" ? null : JSON.parse(text)) as Body };
}

async function newJob(): Promise<string> {
  const job = { owner: "local", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {} };
  const storeInputs = async () => ({});
  return (await createJob(api.deps, { ...job, metadata: {}, storeInputs })).record.id;
}

async function damage(id: string, by: object = { state: "broken" }): Promise<void> {
  const { record, etag } = (await api.deps.records.get("local", id))!;
  await api.deps.records.replace({ ...record, rev: record.rev + 1, ...by }, etag);
}

const output = (key: string) => ({ video: { key, attempt: 1, type: "video/mp4", bytes: 1, sha256: "" } });

test("a damaged job is a clear problem of its own, the others are listed, and it can be deleted", async () => {
  const [other, id] = [await newJob(), await newJob()];
  await damage(id);
  for (const [method, path] of [
    ["GET", `/v1/jobs/${id}`],
    ["POST", `/v1/jobs/${id}/cancel`],
    ["GET", `/v1/jobs/${id}/events`],
    ["GET", `/v1/jobs/${id}/outputs/video`],
  ] as const) {
    const { status, body } = await call(method, path);
    expect({ path, status, ...body }).toMatchObject({
      ...{ path, status: 500, code: "record_unreadable", retryable: false, title: "The job's record can't be read" },
    });
  }
  expect((await call("GET", "/v1/jobs")).body.jobs.map((job) => job.id)).toEqual([other]);
  expect((await call("DELETE", `/v1/jobs/${id}`)).status).toBe(204);
  expect(await call("GET", `/v1/jobs/${id}`)).toMatchObject({ status: 410, body: { code: "gone" } });
});

test.each([
  ["a moment that no calendar has", { created_at: 8_640_000_000_000_001 }],
  ["an end that no calendar has", { state: "succeeded", ended_at: 1, expires_at: Number.MAX_SAFE_INTEGER }],
  ["a file outside of the storage", { state: "succeeded", outputs: output("jobs/local/../../../../etc/passwd") }],
  ["a file of another owner", { state: "succeeded", outputs: output(`jobs/other/${"0".repeat(44)}/out/1/video`) }],
])("a record with %s hurts its own job alone", async (_, odd) => {
  const [other, id] = [await newJob(), await newJob()];
  await damage(id, odd);
  for (const path of [`/v1/jobs/${id}`, `/v1/jobs/${id}/events`, `/v1/jobs/${id}/outputs/video`]) {
    expect(await call("GET", path)).toMatchObject({ status: 500, body: { code: "record_unreadable" } });
  }
  expect((await call("GET", "/v1/jobs")).body.jobs.map((job) => job.id)).toEqual([other]);
});

test("those who wait for a job are told when its record is damaged", async () => {
  const id = await newJob();
  const waiting = call("GET", `/v1/jobs/${id}`, { Prefer: "wait=60" });
  const reply = await api.app.fetch(new Request(`http://localhost:8000/v1/jobs/${id}/events`));
  const events = reply.text();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await damage(id);
  expect(await waiting).toMatchObject({ status: 500, body: { code: "record_unreadable" } });
  expect(await events).toContain("event: status");
});

test("a job that waits for room says so", async () => {
  const id = await newJob();
  const job = { owner: "local", id };
  const token = await api.worker.claim(job);
  const { record, etag } = (await api.deps.records.get("local", id))!;
  const handBack = { by: "holder", token, do: "handBack", waitsFor: "space" } as const;
  await api.deps.records.replace(changeJob(record, handBack, api.clock.now()) as JobRecord, etag);
  const { body } = await call("GET", `/v1/jobs/${id}`);
  expect(body).toMatchObject({ status: "queued", error: null, progress: { stage: "waiting_for_space", percent: 0 } });
});
