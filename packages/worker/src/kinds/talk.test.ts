import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CastRequest, CastResult } from "@smileloop/core/engine/services.ts";
import type { ListenRequest, ListenResult, SayRequest, SayResult } from "@smileloop/core/engine/speech-services.ts";
import type { TalkCheck, TalkRun } from "@smileloop/core/engine/tasks/talk.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { afterAll, beforeEach, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import type { JobIo, LocalFile } from "../job-io.ts";
import { talkHandler } from "./talk.ts";

const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
const dir = mkdtempSync(join(tmpdir(), "smileloop-talk-"));
afterAll(() => rmSync(dir, { recursive: true }));

type Request = CastRequest | SayRequest | ListenRequest | TalkRun | TalkCheck;
type World = {
  movers?: number[];
  faces?: number;
  say?: (asked: SayRequest) => SayResult;
  listen?: (asked: ListenRequest) => ListenResult;
  run?: object;
};

const asked: Request[] = [];
const finished: unknown[][] = [];
const expected: unknown[] = [];
beforeEach(() => {
  for (const list of [asked, finished, expected]) list.length = 0;
});
const only = <T extends Request["type"]>(type: T) =>
  asked.filter((each): each is Extract<Request, { type: T }> => each.type === type);

const phone = { phone: "a", start: 0, end: 0.5 };
const said: SayResult = {
  ...{ seconds: 2, rate: 22_050, voices: [{ name: "rms", language: "en" }], spoken: { words: [], phones: [phone] } },
  ...{ warnings: [], timings: {} },
};
const speech = (frames = 50, fps = 25): MotionFrames => {
  const jaw = Array.from({ length: frames }, (_, i) => 0.5 * Math.sin((Math.PI * i) / 10) ** 2);
  return { fps, frames, faces: [{ channels: { jawOpen: jaw } }] };
};
const heard: ListenResult = {
  ...{ motion: speech(), seconds: 2, speechShare: 0.8, aligned: true, loudness: -20 },
  ...{ warnings: [{ code: "sound_quiet", detail: "Quiet." }], timings: {} },
};

function castResult({ movers = [0], faces = movers.length }: World): CastResult {
  const cast = {
    picture: { width: 512, height: 512 },
    frame: { crop: { x: 0, y: 0, width: 512, height: 512 }, width: 512, height: 512, enlarged: 1 },
    faces,
    movers: movers.map((index) => ({
      ...{ index, crop: { x: 100, y: 250, size: 90, angle: 0 }, score: 0.9 },
      points: Array.from({ length: 5 }, (): [number, number] => [100, 250]),
      ease: { all: 1, eyes: 1, head: 1 },
    })),
  };
  return { cast, warnings: [], timings: {} };
}

function answer(request: Request, world: World): unknown {
  asked.push(request);
  if (request.type === "cast") return castResult(world);
  if (request.type === "say") {
    writeFileSync(request.outputs.sound, "WAV");
    return (world.say ?? (() => said))(request);
  }
  if (request.type === "listen") {
    writeFileSync(request.outputs.sound, "WAV of 48 kHz");
    return (world.listen ?? (() => heard))(request);
  }
  const video = { width: 512, height: 512, fps: 25, frames: 50 };
  if (request.type === "run")
    return { outputs: { video, ...world.run }, warnings: [], ignoredChannels: [], timings: {} };
  const audio = { codec: "aac", channels: 1, sample_rate: 48_000 };
  return { video: { ...video, duration: 2, bytes: 5, audio }, warnings: [], timings: {} };
}

/** What comes of a job whose processes answer as `world` says. */
function talk(params: object, { audio = false, ...world }: World & { audio?: boolean } = {}) {
  const process = { request: async (request: Request) => answer(request, world) };
  const files: Record<string, LocalFile[]> = {
    image: [{ path: "/portrait.jpg", type: "image/jpeg", bytes: 1 }],
    audio: audio ? [{ path: "/voice.mp3", type: "audio/mpeg", bytes: 1 }] : [],
  };
  const io = {
    ...{ dir, signal: new AbortController().signal, engine: process, checker: process, serving: () => process },
    ...{ provenance, timings: {} },
    ...{ elsewhere: false, kept: async () => null, keep: async (_: string, file: LocalFile) => file },
    input: async (slot: string) => files[slot],
    timed: async (_: string, work: () => Promise<unknown>) => work(),
    options: () => ({ timeoutMs: 1000 }),
    expect: (inputs: unknown) => expected.push(inputs),
    finish: async (...all: unknown[]) => finished.push(all),
    store: async (name: string, path: string, facts: object) => ({ name, path, ...facts }),
  } as unknown as JobIo;
  const record = { id: "a".repeat(32), inputs: {} } as unknown as JobRecord;
  const defaults = { size: 512, fps: 25, intensity: 1, format: "mp4", seed: 5 };
  const handler = talkHandler({ presets, maxVideoSeconds: 30 });
  return handler.run({ record, params: { ...defaults, ...params } }, io);
}

test("a text is said, listened to with its times, and shown; what is heard is what the motion was made of", async () => {
  const { outputs, warnings } = await talk({ text: "Hello", voice: "rms", speed: 1.2 });
  expect(asked.map(({ type }) => type)).toEqual(["cast", "say", "listen", "run", "check"]);
  expect(only("say")[0]!.params).toEqual({ text: "Hello", voice: "rms", speed: 1.2 });
  const [listen] = only("listen");
  expect(listen).toMatchObject({
    spoken: said.spoken,
    limits: { seconds: 30 },
    params: { fps: 25, intensity: 1, mood: {} },
  });
  expect(listen!.inputs.audio).toEqual([{ path: only("say")[0]!.outputs.sound, type: "audio/wav" }]);
  const [run, check] = [only("run")[0]!, only("check")[0]!];
  expect(run.inputs.audio).toEqual([{ path: listen!.outputs.sound, type: "audio/wav" }]);
  expect(check).toMatchObject({
    inputs: run.inputs,
    motion: run.motion,
    params: { speechShare: 0.8 },
    files: run.outputs,
  });
  expect(outputs.video).toMatchObject({ type: "video/mp4", audio: { codec: "aac" } });
  expect(warnings).toEqual(heard.warnings);
});

test("a sound is listened to as it came, and how long it turns out to be is known to the queue", async () => {
  await talk({}, { audio: true });
  expect(asked.map(({ type }) => type)).toEqual(["cast", "listen", "run", "check"]);
  expect(only("listen")[0]!.inputs.audio).toEqual([{ path: "/voice.mp3", type: "audio/mpeg" }]);
  expect(only("listen")[0]).not.toHaveProperty("reference");
  expect(expected).toMatchObject([{ audio: [{ seconds: 2 }] }]);
});

test("with the text of a sound a voice of ours says it, so that its words are found", async () => {
  await talk({ text: "Hello", language: "en" }, { audio: true });
  expect(only("say")[0]).toMatchObject({ params: { text: "Hello", language: "en", speed: 1 }, timed: true });
  expect(only("listen")[0]).toMatchObject({
    inputs: { audio: [{ path: "/voice.mp3" }] },
    reference: { sound: { path: only("say")[0]!.outputs.sound }, spoken: said.spoken },
  });
});

test.each<[string, World["say"]]>([
  ["no voice speaks the language", () => fail("invalid_request", "No voice here speaks sw.")],
  ["the voice process is broken", () => fail("engine_crashed", "The engine crashed.")],
  ["the voice tells no times", () => ({ ...said, spoken: undefined })],
])("where %s, the sound alone is used, and that is said", async (_name, say) => {
  const { warnings } = await talk({ text: "Hello" }, { audio: true, ...(say && { say }) });
  expect(only("listen")[0]).not.toHaveProperty("reference");
  expect(warnings[0]).toMatchObject({ code: "text_not_used" });
});

test("a voice that tells no phones has its words found in its sound, as in any other", async () => {
  const words = { words: [{ text: "Hello", start: 0.1, end: 0.6 }], phones: [] };
  const say = ({ timed }: SayRequest) => (timed ? said : { ...said, spoken: words });
  await talk({ text: "Hello", voice: "anna" }, { say });
  expect(only("say").map(({ timed, params }) => [timed, params.voice])).toEqual([
    [undefined, "anna"],
    [true, undefined],
  ]);
  expect(only("listen")[0]).toMatchObject({
    inputs: { audio: [{ path: only("say")[0]!.outputs.sound }] },
    spoken: words,
    reference: { sound: { path: only("say")[1]!.outputs.sound }, spoken: said.spoken },
  });
});

test("a text that no voice can say fails the job, since there is nothing else", async () => {
  const say = () => fail("voice_unavailable", "The voice is not available.");
  await expect(talk({ text: "Hello" }, { say })).rejects.toMatchObject({ code: "voice_unavailable" });
});

test("a text that takes too long is refused with both figures, before it is listened to", async () => {
  const long = talk({ text: "Hello" }, { say: () => ({ ...said, seconds: 31.04 }) });
  await expect(long).rejects.toMatchObject({
    code: "input_too_large",
    message: "The text takes 31 s to say; at most 30 s are accepted. Shorten it.",
  });
  expect(only("listen")).toEqual([]);
});

test("what is wrong with a sound is said of the sound, and of no file where there was none", async () => {
  const listen = () => fail("input_unreadable", "The sound cannot be read.", "audio");
  await expect(talk({}, { audio: true, listen })).rejects.toMatchObject({ input: "audio" });
  await expect(talk({ text: "Hello" }, { listen })).rejects.toMatchObject({
    code: "input_unreadable",
    input: undefined,
  });
});

test("one of the faces speaks; the others blink and breathe, each in its own time", async () => {
  await talk({ text: "Hello", faces: "all", face: 2 }, { movers: [0, 2, 3], faces: 4 });
  expect(only("cast")[0]!.params.face).toBe("all");
  const { faces } = only("run")[0]!.motion as MotionFrames;
  expect(faces.map(({ channels }) => "jawOpen" in channels)).toEqual([false, true, false]);
  expect(faces[1]).toEqual(speech().faces[0]);
  expect(faces[0]!.channels.headYaw).not.toEqual(faces[2]!.channels.headYaw);
});

test("a face that is missing, or that can't move, doesn't speak", async () => {
  const world = { movers: [0, 2], faces: 3 };
  await expect(talk({ text: "Hello", faces: "all", face: 5 }, world)).rejects.toMatchObject({
    ...{ code: "face_not_there", message: "The picture has 3 faces; face 5 is not among them.", input: "image" },
  });
  await expect(talk({ text: "Hello", faces: "all", face: 1 }, world)).rejects.toMatchObject({
    code: "face_turned_away",
  });
  expect(only("say")).toEqual([]);
});

test("the mood of a preset lasts under the speech; a movement has none, and that is said", async () => {
  await talk({ text: "Hello", expression: "gentle_smile" });
  expect(only("listen")[0]!.params.mood.mouthSmileLeft).toBeGreaterThan(0.1);
  const { warnings } = await talk({ text: "Hello", expression: "blink" });
  expect(only("listen")[1]!.params.mood.eyeBlinkLeft).toBeUndefined();
  if (Object.keys(only("listen")[1]!.params.mood).length === 0) {
    expect(warnings).toContainEqual(expect.objectContaining({ code: "expression_without_mood" }));
  }
});

test("an engine that leaves raw frames has the sound put to them", async () => {
  const frames = { path: join(dir, "frames.yuv"), pixels: "yuv420p" };
  await talk({ text: "Hello" }, { run: { frames } });
  expect(finished[0]).toMatchObject([
    frames,
    { frames: 50 },
    { video: expect.stringMatching(/video\.mp4$/) as string },
    { path: only("listen")[0]!.outputs.sound, type: "audio/wav" },
  ]);
});

test("a motion that is not one face's at the asked rate, or lies elsewhere, is not believed", async () => {
  for (const motion of [
    speech(50, 30),
    { ...speech(), faces: [...speech().faces, ...speech().faces] },
    { path: "/etc/passwd" },
  ]) {
    const listen = () => ({ ...heard, motion });
    await expect(talk({ text: "Hello" }, { listen })).rejects.toMatchObject({ code: "engine_failed" });
  }
});

function fail(
  code: "invalid_request" | "engine_crashed" | "voice_unavailable" | "input_unreadable",
  message: string,
  input?: string,
): never {
  throw new AppError(code, message, { input });
}
