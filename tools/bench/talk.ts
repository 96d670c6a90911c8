/**
 * Somebody who speaks: a 12-megapixel JPEG and 10 s of sound → 512², 25 frames a second, from listening to the finished file. The
 * sound is made on the spot: a buzz in the rhythm of speech, whose phones have known times. `longTalk` is a part of its own: three minutes of
 * speech take minutes here.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { ListenResult } from "@smileloop/core/engine/speech-services.ts";
import type { TalkCheck, TalkRun } from "@smileloop/core/engine/tasks/talk.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { type Engine, startEngine } from "../../test/support/engine.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { wavOf } from "../../test/support/sounds.ts";
import { BOBBY, soundOf, spokenOf } from "../../test/support/spoken.ts";
import { encodeAlone, inFolder } from "./clip.ts";
import { type Figure, median, type Part } from "./measure.ts";

export const talk: Part = { name: "talk", figures: () => inFolder(talkFigures) };
export const longTalk: Part = { name: "talk-long", figures: () => inFolder(longFigures), onRequest: true };

const FPS = 25;
const RUNS = 3;
const RATE = 16_000;

async function talkFigures(dir: string): Promise<Figure[]> {
  const scene = await sceneOf(dir, 10);
  const engine = await startEngine(["--kinds", "talk", "--checks", "", "--services", "listen"]);
  await spoken(engine, scene);
  const runs: Spent[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await spoken(engine, scene));
  const peak = engine.peakBytes();
  await engine.close();
  const check = await checked(scene);
  const limit = { name: "x264 alone", value: (await encodeAlone(scene.video, join(dir, "again.mp4"))) / 1000 };
  const of = (pick: (spent: Spent) => number) => runs.map(pick);
  const wall = of(({ seconds }) => seconds);
  const listening = of(({ listenCpu }) => listenCpu / scene.seconds);
  const name = "12 MP JPEG and 10 s of sound → 512², 25 fps, warm";
  return [
    { name, unit: "s", value: median(wall), target: 6, limit, runs: wall },
    { name: "  processor time of it", unit: "s", value: median(of(({ cpu }) => cpu)), target: null },
    {
      name: "  listening, processor time by length",
      unit: "×",
      value: median(listening),
      target: 0.05,
      runs: listening,
    },
    { name: "  peak memory of the engine", unit: "MB", value: peak / 1e6, target: 400 },
    { name: "  the check of it", unit: "s", value: check, target: null },
  ];
}

async function longFigures(dir: string): Promise<Figure[]> {
  const scene = await sceneOf(dir, 180);
  const engine = await startEngine(["--kinds", "talk", "--checks", "", "--services", "listen"]);
  const { seconds, cpu, listenCpu } = await spoken(engine, scene);
  const peak = engine.peakBytes();
  await engine.close();
  return [
    { name: "3 minutes of sound → 512², 25 fps", unit: "s", value: seconds, target: null },
    { name: "  processor time of it", unit: "s", value: cpu, target: null },
    { name: "  listening, processor time by length", unit: "×", value: listenCpu / scene.seconds, target: 0.05 },
    { name: "  peak memory of the engine", unit: "MB", value: peak / 1e6, target: 400 },
    { name: "  the check of it", unit: "s", value: await checked(scene), target: null },
  ];
}

/** `ready`: what listening has left, for the check. */
type Scene = {
  dir: string;
  image: string;
  voice: string;
  video: string;
  seconds: number;
  cast: Cast;
  ready?: ListenResult;
};

async function sceneOf(dir: string, seconds: number): Promise<Scene> {
  const [image, voice] = [join(dir, "portrait.jpg"), join(dir, "voice.wav")];
  writeFileSync(image, await twelveMegapixels());
  const sentence = soundOf(spokenOf(BOBBY));
  const all = Float32Array.from({ length: seconds * RATE }, (_, i) => sentence[i % sentence.length]!);
  writeFileSync(voice, wavOf([all], RATE));
  const { cast } = await castPicture(image, { size: 512, face: 0 });
  return { dir, image, voice, video: join(dir, "video.mp4"), seconds, cast };
}

/** Seconds of the clock, and of the processors in all and for listening. */
type Spent = { seconds: number; cpu: number; listenCpu: number };

async function spoken(engine: Engine, scene: Scene): Promise<Spent> {
  const { dir, voice, video } = scene;
  const [started, before] = [performance.now(), engine.cpuSeconds()];
  scene.ready = await engine.ask<ListenResult>({
    ...{ type: "listen", run: "listen", inputs: { audio: [{ path: voice, type: "audio/wav" }] } },
    ...{ params: { fps: FPS, intensity: 1, seed: 1 }, limits: { seconds: 300 } },
    outputs: { motion: join(dir, "motion.json"), sound: join(dir, "sound.wav") },
  });
  const listened = engine.cpuSeconds();
  const provenance = { job: "0".repeat(32), engine: "bench", version: "0", mark: null };
  const run: TalkRun = {
    ...{ type: "run", run: "run", ...taskOf(scene), params: { seed: 1 } },
    ...{ outputs: { video }, provenance },
  };
  await engine.ask(run);
  const ended = engine.cpuSeconds();
  return { seconds: (performance.now() - started) / 1000, cpu: ended - before, listenCpu: listened - before };
}

function taskOf({ dir, image, cast, ready }: Scene): Pick<TalkRun, "kind" | "inputs" | "cast" | "motion"> {
  const audio = [{ path: join(dir, "sound.wav"), type: "audio/wav" }];
  return { kind: "talk", inputs: { image: [{ path: image, type: "image/jpeg" }], audio }, cast, motion: ready!.motion };
}

/** Processor seconds. */
async function checked(scene: Scene): Promise<number> {
  const engine = await startEngine(["--kinds", "", "--checks", "talk", "--services", ""]);
  const files = { video: scene.video };
  const check: TalkCheck = {
    ...{ type: "check", run: "check", ...taskOf(scene), files },
    ...{ params: { speechShare: 1 }, mark: null },
  };
  await engine.ask(check);
  const before = engine.cpuSeconds();
  await engine.ask({ ...check, run: "again" });
  const spent = engine.cpuSeconds() - before;
  await engine.close();
  return spent;
}
