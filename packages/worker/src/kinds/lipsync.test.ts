import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewRequest } from "@smileloop/core/engine/preview-service.ts";
import type {
  FilmRequest,
  ListenRequest,
  MixRequest,
  SayRequest,
  SpeakerRequest,
} from "@smileloop/core/engine/speech-services.ts";
import type { LipsyncCheck, LipsyncRun } from "@smileloop/core/engine/tasks/lipsync.ts";
import type { Charge } from "@smileloop/core/job/charge.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { afterAll, beforeEach, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { unpaid } from "../../../../test/support/sold.ts";
import type { JobIo, LocalFile } from "../job-io.ts";
import { lipsyncHandler } from "./lipsync.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-lipsync-"));
afterAll(() => rmSync(dir, { recursive: true }));

const SPEAKER = { face: 1, faces: 2, likenesses: [0.1, 0.6], warnings: [], timings: {} };

type Request =
  | PreviewRequest
  | FilmRequest
  | SpeakerRequest
  | SayRequest
  | ListenRequest
  | MixRequest
  | LipsyncRun
  | LipsyncCheck;
const asked: Request[] = [];
const expected: unknown[] = [];
beforeEach(() => {
  for (const list of [asked, expected]) list.length = 0;
});
const only = <T extends Request["type"]>(type: T) =>
  asked.find((each): each is Extract<Request, { type: T }> => each.type === type)!;

const FILM = {
  width: 1280,
  height: 720,
  fps: 30,
  even: true,
  frames: 180,
  seconds: 6,
  begins: 0,
  sound: true,
  warnings: [],
};

function answer(request: Request, film: object): unknown {
  asked.push(request);
  if (request.type === "film") return { ...FILM, ...film };
  if (request.type === "listen") {
    writeFileSync(request.outputs.sound, "WAV");
    const { fps } = request.params;
    const jawOpen = Array.from({ length: 2 * fps }, (_, i) => 0.5 * Math.sin((Math.PI * i) / 10) ** 2);
    const motion = { fps, frames: 2 * fps, faces: [{ channels: { jawOpen } }] };
    return { motion, seconds: 2, speechShare: 0.8, aligned: true, loudness: -20, warnings: [], timings: {} };
  }
  if (request.type === "speaker") return SPEAKER;
  if (request.type === "preview") {
    return { preview: { type: "video/mp4", width: 640, height: 360 }, timings: {} };
  }
  if (request.type === "mix") return { seconds: request.params.seconds, timings: {} };
  const video = { width: 1280, height: 720, fps: 30, frames: 60 };
  if (request.type === "run") return { outputs: { video }, warnings: [], timings: {} };
  const audio = { codec: "aac", channels: 2, sample_rate: 48_000 };
  return { video: { ...video, duration: 2, bytes: 5, audio }, warnings: [], timings: {} };
}

/** What comes of a job whose video is as `film` says. */
function lipsync(params: object, film: object = {}, charge?: Charge) {
  const process = { request: async (request: Request) => answer(request, film) };
  const files: Record<string, LocalFile[]> = {
    video: [{ path: "/video.mp4", type: "video/mp4", bytes: 9 }],
    audio: [{ path: "/voice.mp3", type: "audio/mpeg", bytes: 1 }],
  };
  const io = {
    ...{ dir, signal: new AbortController().signal, engine: process, checker: process, serving: () => process },
    ...{ provenance, timings: {} },
    ...{ elsewhere: false, kept: async () => null, keep: async (_: string, file: LocalFile) => file },
    input: async (slot: string) => files[slot],
    timed: async (_: string, work: () => Promise<unknown>) => work(),
    options: () => ({ timeoutMs: 1000 }),
    expect: (inputs: unknown) => expected.push(inputs),
    store: async (name: string, path: string, facts: object) => ({ name, path, ...facts }),
  } as unknown as JobIo;
  const record = { id: "a".repeat(32), inputs: {}, charge } as unknown as JobRecord;
  const defaults = { sync_mode: "cut_off", original_sound: "replace", intensity: 1, format: "mp4" };
  const handler = lipsyncHandler({ presets: new Map(), maxVideoSeconds: 30 });
  return handler.run({ record, params: { ...defaults, ...params } }, io);
}

test("of a video that is for sale, poster and preview show what has the mark, and nothing is said to be open but these", async () => {
  const { outputs } = await lipsync({}, {}, unpaid());
  const { inputs, film, outputs: ordered } = only("preview");
  expect(inputs.file).toEqual([{ path: only("run").outputs.video, type: "video/mp4" }]);
  expect(film).toEqual({ width: 1280, height: 720, fps: 30, frames: 60, sound: true });
  // no picture of the clean video
  expect([only("run").outputs.poster, only("check").files.poster]).toEqual([undefined, undefined]);
  expect(outputs.preview).toMatchObject({
    path: ordered.preview.path,
    width: 640,
    height: 360,
    frames: 60,
    duration: 2,
  });
  expect(outputs.poster).toMatchObject({ path: ordered.poster!.path, width: 640, access: "open" });
  expect(Object.entries(outputs).map(([name, { access }]) => [name, access])).toEqual([
    ["video", undefined],
    ["preview", "open"],
    ["poster", "open"],
  ]);
});

test("curves are made at the rate of the video, and what is heard is what they were made of", async () => {
  const { outputs, warnings } = await lipsync({});
  expect(asked.map(({ type }) => type)).toEqual(["film", "listen", "mix", "run", "check"]);
  expect(only("listen").params.fps).toBe(30);
  expect(only("mix")).toMatchObject({ inputs: { video: [] }, params: { seconds: 2 } });
  const sound = only("mix").outputs.sound;
  const sync = { mode: "cut_off", video: 6, sound: 2 };
  for (const each of [only("run"), only("check")]) {
    expect(each).toMatchObject({
      inputs: { audio: [{ path: sound }] },
      motion: { frames: 60 },
      params: { sync, face: 0 },
    });
  }
  expect(outputs).toMatchObject({ video: { type: "video/mp4" }, poster: { type: "image/jpeg" } });
  expect(expected).toMatchObject([{ video: [{ width: 1280, seconds: 6 }], audio: [{ seconds: 2 }] }]);
  expect(warnings).toEqual([]);
});

test("in a result that is longer than its sound the mouth is at rest after it", async () => {
  await lipsync({ sync_mode: "silence" });
  const { motion } = only("run") as { motion: { frames: number; faces: { channels: { jawOpen: number[] } }[] } };
  expect(motion.frames).toBe(180);
  expect(Math.max(...motion.faces[0]!.channels.jawOpen.slice(61))).toBe(0);
});

test("the video's own sound stays under the new one where there is one", async () => {
  await lipsync({ original_sound: "duck" });
  expect(only("mix").inputs.video).toEqual([{ path: "/video.mp4", type: "video/mp4" }]);
  asked.length = 0;
  const { warnings } = await lipsync({ original_sound: "duck" }, { sound: false });
  expect(only("mix").inputs.video).toEqual([]);
  expect(warnings).toMatchObject([{ code: "video_without_sound" }]);
});

test.each<[string, object, number]>([
  ["with more frames at varying distances than motions have", { fps: 24, even: false }, 24],
  ["of 240 frames a second", { fps: 240 }, 60],
  ["of 6 frames a second", { fps: 6 }, 12],
])("of a video %s the result has even ones, and that is said", async (_, film, fps) => {
  const { warnings } = await lipsync({}, film);
  expect(only("listen").params.fps).toBe(fps);
  expect(warnings).toMatchObject([{ code: "fps_adjusted" }]);
});

test("frames that are not evenly apart stay where they are", async () => {
  const stamps = Array.from({ length: 150 }, (_, n) => n / 25 + (n % 3) / 100);
  const { warnings } = await lipsync({}, { fps: 25, even: false, stamps, frames: 150, begins: 0.12 });
  expect(warnings).toEqual([]);
  expect(only("listen").params.fps).toBe(60);
  const times = [...stamps.slice(0, 50), 2];
  for (const each of [only("run"), only("check")]) {
    expect(each).toMatchObject({ motion: { frames: 50, fps: 25 }, params: { times } });
  }
  const { jawOpen } = (only("run") as { motion: MotionFrames }).motion.faces[0]!.channels;
  for (const n of [7, 23, 40]) expect(jawOpen![n]).toBeCloseTo(0.5 * Math.sin(Math.PI * 6 * stamps[n]!) ** 2, 1);
  expect(only("mix").params).toMatchObject({ seconds: 2, begins: 0.12 });
});

test.each<[object, object, RegExp]>([
  [{ sync_mode: "remap" }, {}, /at another speed, so its own sound is left out\.$/],
  [{ sync_mode: "bounce" }, { seconds: 1.5 }, /^From 1\.5 s on .* backwards .* left out there/],
])("where the video does not run as it was recorded its own sound is left out: %o", async (params, film, detail) => {
  const { warnings } = await lipsync({ original_sound: "duck", ...params }, film);
  expect(warnings).toEqual([{ code: "original_sound_left_out", detail: expect.stringMatching(detail) }]);
});

test("the face that speaks is looked for by the video's own sound, and by nothing where it has none", async () => {
  await lipsync({ faces: "speaking" }, { begins: 0.2 });
  expect(only("speaker")).toMatchObject({ inputs: { video: [{ path: "/video.mp4" }] }, params: { begins: 0.2 } });
  for (const each of [only("run"), only("check")]) expect(each.params).toMatchObject({ face: 1 });
  asked.length = 0;
  const { warnings } = await lipsync({ faces: "speaking" }, { sound: false });
  expect(only("run").params.face).toBe(0);
  expect(warnings).toMatchObject([{ code: "speaker_unclear" }]);
});

test("a result that would be too long is refused before the work", async () => {
  const failed = lipsync({ sync_mode: "loop" }, { seconds: 40 });
  await expect(failed).rejects.toMatchObject({ code: "input_too_large", message: expect.stringContaining("40.0 s") });
  expect(asked.map(({ type }) => type)).toEqual(["film", "listen"]);
});
