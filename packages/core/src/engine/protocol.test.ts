import { expect, test } from "vitest";
import { replySchema, requestSchema, resultSchemas } from "./protocol.ts";

const inputs = { image: { path: "/job/image", type: "image/jpeg" } };
const params = { size: "source", face: 0, intensity: 1, seed: 0 };
const motion = { fps: 25, frames: 2, faces: [{ channels: { jawOpen: [0, 0.5] } }] };
const provenance = { job: "a", engine: "warp", version: "0.1.0" };
const spec = { width: 640, height: 480, fps: 25, frames: 2 };
const outputs = { video: "/job/video.mp4" };

const REQUESTS = [
  { type: "run", run: "1", kind: "animate", inputs, params, motion, outputs, provenance },
  { type: "inspect", run: "1", inputs },
  { type: "check", run: "1", kind: "animate", file: "/job/video.mp4", inputs, params, motion },
  { type: "finish", run: "1", frames: { path: "/job/raw", pixels: "yuv420p" }, spec, outputs, provenance },
  { type: "cancel", run: "1" },
];
const REPLIES = [
  { type: "ready", protocol: 1, engine: "warp", version: "1", kinds: ["animate"], services: ["check"], slots: 1 },
  { type: "progress", run: "1", stage: "render", done: 1, total: 2 },
  { type: "done", run: "1", result: {} },
  { type: "failed", run: "1", code: "no_face", detail: "There is no face." },
];

test.each(REQUESTS)("request $type is read as documented, and no further member", (request) => {
  expect(requestSchema.parse(request)).toEqual(request);
  expect(requestSchema.safeParse({ ...request, more: 1 }).success).toBe(false);
  for (const name of Object.keys(request)) {
    expect(requestSchema.safeParse({ ...request, [name]: undefined }).success, name).toBe(false);
  }
});

test.each(REPLIES)("reply $type is read as documented, and no further member", (reply) => {
  expect(replySchema.parse(reply)).toEqual(reply);
  expect(replySchema.safeParse({ ...reply, more: 1 }).success).toBe(false);
});

test("unknown codes, other protocols and values beyond the limits are refused", () => {
  const [run] = REQUESTS;
  expect(replySchema.safeParse({ ...REPLIES[3], code: "oops" }).success).toBe(false);
  expect(replySchema.safeParse({ ...REPLIES[0], protocol: 2 }).success).toBe(false);
  expect(requestSchema.safeParse({ ...run, run: "x".repeat(65) }).success).toBe(false);
  expect(requestSchema.safeParse({ ...run, params: { ...params, intensity: 2 } }).success).toBe(false);
  expect(requestSchema.safeParse({ type: "explode", run: "1" }).success).toBe(false);
});

test("results are read by request", () => {
  const result = { outputs: { video: spec }, faces: 1, warnings: [], ignoredChannels: [], timings: { render: 3 } };
  expect(resultSchemas.run.parse(result)).toEqual(result);
  expect(resultSchemas.run.safeParse({ ...result, more: 1 }).success).toBe(false);
  expect(resultSchemas.finish.safeParse({ video: { ...spec, width: 0 }, timings: {} }).success).toBe(false);
});
