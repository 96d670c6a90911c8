import type { ExtractResult } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Channel, Track } from "@smileloop/core/motion/motion.ts";
import { expect, test } from "vitest";
import type { JobIo } from "../job-io.ts";
import type { EngineProcess } from "../process/engine-process.ts";
import { readDriving } from "./driving.ts";

const DRIVING = { path: "/clip.mp4", type: "video/mp4", bytes: 1 };

/** Of the requests, in turn. */
const timeouts: number[] = [];

/** What becomes of a clip of which the engine says that it has these curves, 10 values a second. */
function driven(
  channels: Partial<Record<Channel, number[]>>,
  asked: {
    duration?: number;
    intensity?: number;
    native?: () => Promise<ExtractResult>;
    kind?: "video" | "livelink";
  } = {},
) {
  const tracks = Object.entries(channels).map(([name, samples]): [string, Track] => [name, { fps: 10, samples }]);
  const seconds = (Object.values(channels)[0]!.length - 1) / 10;
  const result: ExtractResult = {
    motion: { duration: seconds, loop: false, faces: [{ channels: Object.fromEntries(tracks) }] },
    source: { kind: asked.kind ?? "video", seconds, frames: 10 * seconds, fps: 10 },
    warnings: [{ code: "driving_cut", detail: "The first 10 s are used." }],
    timings: {},
  };
  const processOf = (answer: () => Promise<ExtractResult>): EngineProcess => {
    const request = (_: unknown, { timeoutMs }: { timeoutMs: number }) => {
      timeouts.push(timeoutMs);
      return answer();
    };
    return { request } as unknown as EngineProcess;
  };
  const { duration, intensity = 1 } = asked;
  const helper = processOf(async () => result);
  const io = {
    serving: () => helper,
    engine: asked.native ? processOf(asked.native) : helper,
    offers: () => asked.native !== undefined,
    options: () => ({ timeoutMs: 1000 }),
  } as unknown as JobIo;
  return readDriving(io, DRIVING, { fps: 10, duration, intensity });
}
const ramp = (count: number, size: number) => Array.from({ length: count }, (_, i) => (size * i) / (count - 1));

test("the video is as long as the clip and keeps its time; what the engine warns of is passed on", async () => {
  const { motion, warnings } = await driven({ jawOpen: ramp(21, 0.8) });
  expect(motion.frames).toBe(20);
  expect(motion.faces[0]!.channels.jawOpen![10]).toBeCloseTo(0.4, 5);
  expect(warnings.map(({ code }) => code)).toEqual(["driving_cut"]);
});

test("a longer video holds the last pose, and says so; a shorter one stops before", async () => {
  const long = await driven({ jawOpen: ramp(21, 0.8) }, { duration: 4 });
  expect(long.motion.faces[0]!.channels.jawOpen!.slice(20)).toEqual(Array(20).fill(0.8));
  expect(long.warnings.map(({ code }) => code)).toContain("driving_short");
  const short = await driven({ jawOpen: ramp(21, 0.8) }, { duration: 1 });
  expect(short.motion.frames).toBe(10);
  expect(short.warnings.map(({ code }) => code)).not.toContain("driving_short");
});

test("a clip shorter than a second gives one of a second", async () => {
  expect((await driven({ jawOpen: ramp(7, 0.8) })).motion.frames).toBe(10);
});

test("large movements of the head are made smaller as a whole; the face's stay", async () => {
  const { motion } = await driven({ headX: ramp(21, 0.48), headYaw: ramp(21, 9), jawOpen: ramp(21, 1) });
  const { headX, headYaw, jawOpen } = motion.faces[0]!.channels;
  expect(Math.max(...headX!)).toBeLessThanOrEqual(0.12);
  expect(headX![10]! / headX![19]!).toBeCloseTo(10 / 19, 3);
  expect(headYaw![10]).toBeCloseTo(4.5, 5);
  expect(jawOpen![10]).toBeCloseTo(0.5, 5);
});

test("a face that hardly moves is told of, measured by what is asked for", async () => {
  const codes = async (size: number, intensity?: number) =>
    (await driven({ jawOpen: ramp(21, size) }, intensity === undefined ? {} : { intensity })).warnings.map(
      ({ code }) => code,
    );
  expect(await codes(0.05)).toContain("driving_still");
  expect(await codes(0.5)).not.toContain("driving_still");
  expect(await codes(0.5, 0.3)).not.toContain("driving_still");
});

test("of a video, the engine's own track goes with the curves; where it has none, that is said", async () => {
  const track = { liveportrait: { file: "/clip.npz" } };
  const answer = async () => ({ motion: { native: track } }) as unknown as ExtractResult;
  const refuse = (code: "no_face" | "engine_crashed") => async (): Promise<ExtractResult> => {
    throw new AppError(code, "Not this one.");
  };
  const curves = { jawOpen: ramp(21, 0.8) };
  const both = await driven(curves, { native: answer });
  expect(both.motion).toMatchObject({ frames: 20, native: track });
  expect((await driven(curves, { native: answer, kind: "livelink" })).motion.native).toBeUndefined();
  const alone = await driven(curves, { native: refuse("no_face") });
  expect(alone.motion.native).toBeUndefined();
  expect(alone.warnings.map(({ code }) => code)).toContain("driving_channels_only");
  await expect(driven(curves, { native: refuse("engine_crashed") })).rejects.toMatchObject({ code: "engine_crashed" });
});

test("a clip is read in the time that the longest needs, whatever was known of it before", async () => {
  timeouts.length = 0;
  await driven({ jawOpen: ramp(21, 0.8) }, { native: async () => ({ motion: {} }) as unknown as ExtractResult });
  expect(timeouts).toEqual([180_000, 180_000]);
});

test("a motion that is somewhere else than asked for is not read", async () => {
  const result = { motion: { path: "/etc/passwd" }, source: {}, warnings: [], timings: {} };
  const helper = { request: async () => result } as unknown as EngineProcess;
  const io = { serving: () => helper, engine: helper, options: () => ({ timeoutMs: 1000 }) } as unknown as JobIo;
  const read = readDriving(io, DRIVING, { fps: 10, intensity: 1 });
  await expect(read).rejects.toMatchObject({ code: "engine_failed", message: expect.stringContaining("belong") });
});
