import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListenRequest, SayRequest } from "@smileloop/core/engine/speech-services.ts";
import type { InsertCheck, InsertRun } from "@smileloop/core/engine/tasks/insert.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { JobIo } from "../job-io.ts";
import { insertHandler } from "./insert.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-insert-"));
afterAll(() => rmSync(dir, { recursive: true }));

type Request = SayRequest | ListenRequest | InsertRun | InsertCheck;
const asked: Request[] = [];
let [times, aligned] = [true, true];
let secrets: Record<string, string> = {};
/** Voices that are elsewhere, and do not answer. */
let silent = false;
const cachedAs: string[] = [];
beforeEach(() => {
  asked.length = 0;
  cachedAs.length = 0;
  [times, aligned, silent] = [true, true, false];
  secrets = {};
});

function answer(request: Request): unknown {
  asked.push(request);
  if (request.type === "say") {
    if (silent && request.key !== undefined) throw new AppError("voice_unavailable", "The voice far is not there.");
    writeFileSync(request.outputs.sound, "WAV");
    const spoken = { words: [], phones: [{ phone: "a", start: 0.1, end: 0.4 }] };
    const told = times || request.timed ? { spoken } : {};
    return {
      seconds: 0.5,
      rate: 16_000,
      voices: [{ name: "far", language: "en" }],
      ...told,
      warnings: [],
      timings: {},
    };
  }
  if (request.type === "listen") {
    writeFileSync(request.outputs.sound, "WAV");
    const motion = { fps: 25, frames: 25, faces: [{ channels: {} }] };
    return { motion, seconds: 1, speechShare: 1, aligned, loudness: -20, warnings: [], timings: {} };
  }
  const stretch = { from: 0.8, to: 1.2 };
  if (request.type === "run") {
    const said = request.inputs.words.map(() => ({ ...stretch, tempo: 1, skipped: 0.1 }));
    return { said, changed: [stretch], later: 0, warnings: [], timings: {} };
  }
  const audio = { codec: "mp3", channels: 1, sample_rate: 48_000 };
  const video = {
    width: 64,
    height: 48,
    fps: 25,
    frames: 50,
    duration: 2,
    bytes: 3,
    audio: { ...audio, codec: "aac" },
  };
  const made = request.files.video ? { video } : { sound: { ...audio, duration: 2, bytes: 3 } };
  return { ...made, likenesses: [1], warnings: [], timings: {} };
}

const process = { request: async (request: Request) => answer(request) };
const io = {
  ...{ dir, engine: process, checker: process, provenance: {}, signal: new AbortController().signal },
  serving: () => process,
  secrets: () => secrets,
  input: (slot: string) => Promise.resolve(slot === "track" ? [] : [{ path: join(dir, slot), type: "t", bytes: 1 }]),
  timed: (_: string, work: () => unknown) => work(),
  options: () => ({ timeoutMs: 1 }),
  store: (name: string, path: string, facts: object) => Promise.resolve({ name, path, ...facts }),
  cached: async (name: string, make: (path: string) => Promise<void>) => {
    cachedAs.push(name);
    await make(join(dir, name));
    return { path: join(dir, name), type: "application/json", bytes: 1 };
  },
} as unknown as JobIo;

function run(params: Record<string, unknown>, record: Partial<JobRecord> = {}) {
  const usual = { tier: "gold", natural: true, gap_seconds: 0.12, speed: 1, words: [{ marker: null, text: "Amit" }] };
  const handler = insertHandler({ presets: new Map(), maxVideoSeconds: 300 });
  return handler.run({ record: record as JobRecord, params: { ...usual, ...params } }, io);
}
const only = <T extends Request["type"]>(type: T) =>
  asked.filter((each): each is Extract<Request, { type: T }> => each.type === type);

test.each([
  ["silver", { fits: false, as_long_as: "sound" }, "audio"],
  ["gold", { fits: true, as_long_as: "picture" }, "video"],
  ["diamond", { fits: false, as_long_as: "picture" }, "video"],
])("%s: what the tier asks for is made and checked, and never over its own inputs", async (tier, params, output) => {
  const { outputs } = await run({ tier });
  expect(Object.keys(outputs)).toEqual([output]);
  expect(only("run")[0]!.params).toEqual({ ...params, gap_seconds: 0.12 });
  expect(only("check")[0]).toMatchObject({ picture: "same", inputs: only("run")[0]!.inputs });
  const { video, sound } = only("run")[0]!.outputs;
  expect([join(dir, "video"), join(dir, "video.mp4"), join(dir, "survey.json")]).not.toContain(video ?? sound);
});

test("what a voice elsewhere has said is compared with the same words of a voice of ours, and refused where it is unlike them", async () => {
  times = false;
  await run({});
  expect(only("say").map(({ timed }) => timed ?? false)).toEqual([false, true]);
  expect(only("listen")[0]!.reference).toBeDefined();
  aligned = false;
  await expect(run({})).rejects.toMatchObject({ code: "words_not_verified", message: expect.stringContaining("Amit") });
});

test("lips that are to say the words need the track of their face", async () => {
  await expect(run({ tier: "diamond", lip_sync: true })).rejects.toMatchObject({ code: "invalid_request" });
});

const FAR = { voice: "elevenlabs:abc", voice_model: "m" };

test("a client's key is for its own voice alone, and two keys never share what was said", async () => {
  times = false;
  for (const voice_key of ["xi-one", "xi-two"]) {
    secrets = { voice_key };
    await run(FAR);
  }
  expect(only("say").map(({ params, key, model }) => [params.voice, key, model])).toEqual([
    ["elevenlabs:abc", "xi-one", "m"],
    [undefined, undefined, undefined],
    ["elevenlabs:abc", "xi-two", "m"],
    [undefined, undefined, undefined],
  ]);
  const [one, ours, two, same] = cachedAs;
  expect(two).not.toBe(one);
  expect(same).toBe(ours);
  expect(cachedAs.join()).toMatch(/^[0-9a-f,]+$/);
});

test("where a voice elsewhere stays silent, one of ours speaks in the last try, with a warning", async () => {
  secrets = { voice_key: "xi-one" };
  silent = true;
  for (const failures of [0, 1])
    await expect(run(FAR, { failures })).rejects.toMatchObject({ code: "voice_unavailable" });
  const { warnings } = await run(FAR, { failures: 2 });
  expect(warnings).toEqual([
    {
      code: "voice_replaced",
      detail: expect.stringMatching(/^The voice far is not there\. .* speaks instead\.$/) as string,
    },
  ]);
  expect(only("say").at(-1)).not.toHaveProperty("key");
});
