import { expect, test } from "vitest";
import { z } from "zod";
import { cancelSchema, replySchema, requestSchema } from "./protocol.ts";
import { SERVICES } from "./services.ts";
import { TASKS } from "./tasks/index.ts";

const inputs = { image: [{ path: "/job/image", type: "image/jpeg" }] };
const motion = { fps: 25, frames: 2, faces: [{ channels: { jawOpen: [0, 0.5] } }] };
const provenance = { job: "a", engine: "warp", version: "0.1.0", mark: null };
const spec = { width: 640, height: 480, fps: 25, frames: 2 };
const outputs = { video: "/job/video.mp4" };
const cast = {
  picture: { width: 640, height: 480 },
  frame: { crop: { x: 0, y: 0, width: 640, height: 480 }, width: 640, height: 480, enlarged: 1 },
  faces: 1,
  movers: [
    {
      index: 0,
      crop: { x: 300, y: 200, size: 150, angle: 0.1 },
      score: 0.9,
      points: [1, 2, 3, 4, 5].map((x): [number, number] => [x, x]),
      ease: { all: 1, eyes: 0, head: 1, why: "hidden" },
    },
  ],
};
const task = { run: "1", kind: "animate", inputs, cast, motion };
const { animate } = TASKS;

const REQUESTS: [z.ZodType, Record<string, unknown>][] = [
  [animate!.run, { type: "run", ...task, params: { intensity: 1, seed: 0 }, outputs, provenance }],
  [
    animate!.check,
    { type: "check", ...task, params: { intensity: 1 }, files: { video: "/job/video.mp4" }, mark: null },
  ],
  [SERVICES.cast.request, { type: "cast", run: "1", inputs, params: { size: "source", face: "all" } }],
  [SERVICES.inspect.request, { type: "inspect", run: "1", inputs }],
  [
    SERVICES.finish.request,
    { type: "finish", run: "1", frames: { path: "/job/raw", pixels: "yuv420p" }, spec, outputs, provenance },
  ],
  [SERVICES.extract.request, { type: "extract", run: "1", inputs: { driving: inputs.image }, limits: { seconds: 10 } }],
  [cancelSchema, { type: "cancel", run: "1" }],
];
const REPLIES = [
  { type: "ready", protocol: 2, engine: "warp", version: "1", kinds: ["animate"], checks: [], services: ["cast"] },
  { type: "progress", run: "1", stage: "render", done: 1, total: 2 },
  { type: "done", run: "1", result: {} },
  { type: "failed", run: "1", code: "no_face", detail: "There is no face." },
];

test.each(REQUESTS.map(([schema, request]) => [request.type, schema, request] as const))(
  "request %s is read as documented, and no further member",
  (_type, schema, request) => {
    expect(requestSchema.parse(request)).toEqual(request);
    expect(schema.parse(request)).toEqual(request);
    expect(schema.safeParse({ ...request, more: 1 }).success).toBe(false);
    for (const name of Object.keys(request)) {
      expect(schema.safeParse({ ...request, [name]: undefined }).success, name).toBe(false);
    }
  },
);

test.each(REPLIES)("reply $type is read as documented, and no further member", (reply) => {
  expect(replySchema.parse(reply)).toEqual(reply);
  expect(replySchema.safeParse({ ...reply, more: 1 }).success).toBe(false);
});

test("unknown codes, other protocols and values beyond the limits are refused", () => {
  const [schema, run] = REQUESTS[0]!;
  expect(replySchema.safeParse({ ...REPLIES[3], input: "image" }).success).toBe(true);
  expect(replySchema.safeParse({ ...REPLIES[3], code: "oops" }).success).toBe(false);
  expect(replySchema.safeParse({ ...REPLIES[0], protocol: 1 }).success).toBe(false);
  expect(requestSchema.safeParse({ ...run, run: "x".repeat(65) }).success).toBe(false);
  expect(schema.safeParse({ ...run, params: { seed: 0, intensity: 2 } }).success).toBe(false);
  expect(schema.safeParse({ ...run, cast: { ...cast, movers: [] } }).success).toBe(false);
  expect(schema.safeParse({ ...run, motion: { path: "/job/motion.json" } }).success).toBe(true);
});

test("what is too long in a reply is cut, not refused", () => {
  const long = "x".repeat(100_000);
  expect(replySchema.parse({ ...REPLIES[3], detail: long, input: long })).toMatchObject({
    detail: `${"x".repeat(499)}…`,
    input: `${"x".repeat(99)}…`,
  });
  const result = TASKS.animate!.result.parse({
    outputs: { video: { width: 2, height: 2, fps: 25, frames: 1 } },
    warnings: Array.from({ length: 500 }, () => ({ code: long, detail: long })),
    ignoredChannels: Array.from({ length: 500 }, () => long),
    timings: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}`, i])),
  });
  expect(JSON.stringify(result).length).toBeLessThan(25_000);
});

test("the name of a service is for its process to know", () => {
  expect(requestSchema.safeParse({ type: "transcode", run: "1", speed: 2 }).success).toBe(true);
});

test("every schema can be told to other languages", () => {
  for (const { run, result, check, checkResult } of Object.values(TASKS)) {
    for (const schema of [run, result, check, checkResult]) expect(() => z.toJSONSchema(schema)).not.toThrow();
  }
});

test("a cast that no picture can have is refused", () => {
  const result = { cast, warnings: [], timings: {} };
  expect(SERVICES.cast.result.safeParse(result).success).toBe(true);
  const [mover] = cast.movers;
  for (const wrong of [
    { ...cast, frame: { ...cast.frame, crop: { ...cast.frame.crop, x: 1 } } },
    { ...cast, frame: { ...cast.frame, width: 4098 } },
    { ...cast, movers: Array(65).fill(mover) },
  ]) {
    expect(SERVICES.cast.result.safeParse({ ...result, cast: wrong }).success).toBe(false);
  }
});
