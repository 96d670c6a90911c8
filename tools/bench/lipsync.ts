/**
 * A video with other words: 10 s of a portrait that speaks, 1280 × 720 and 25 frames a second, from following the face to the finished
 * file; then how well the lips follow, as the same tracker sees them. `longLipsync`: memory over three minutes of the same 10 s again and
 * again, on request.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FilmResult, ListenResult } from "@smileloop/core/engine/speech-services.ts";
import type { LipsyncCheck, LipsyncRun, LipsyncRunResult } from "@smileloop/core/engine/tasks/lipsync.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { Sync } from "@smileloop/core/speech/sync.ts";
import { askedMouths, rangeOf } from "@smileloop/engine/lip/asked.ts";
import { followFace } from "@smileloop/engine/lip/follow.ts";
import type { Look } from "@smileloop/engine/lip/look.ts";
import { readFilm } from "@smileloop/engine/media/film-reader.ts";
import { openSound } from "@smileloop/engine/media/sound-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { type Engine, startEngine } from "../../test/support/engine.ts";
import { wavOf } from "../../test/support/sounds.ts";
import { BOBBY, CHEF, soundOf, spokenOf } from "../../test/support/spoken.ts";
import { inFolder } from "./clip.ts";
import { pictureFigures } from "./lipsync-picture.ts";
import { loopVideo } from "./looped.ts";
import type { Figure, Part } from "./measure.ts";
import { previewSeconds } from "./preview-cost.ts";

export const lipsync: Part = { name: "lipsync", figures: () => inFolder(shortFigures) };
export const longLipsync: Part = { name: "lipsync-long", onRequest: true, figures: () => inFolder(longFigures) };

const SECONDS = 10;
const FPS = 25;
const RATE = 16_000;
const [WIDTH, HEIGHT] = [1280, 720];
const provenance = { job: "0".repeat(32), engine: "bench", version: "0", mark: null };
const signal = new AbortController().signal;

async function shortFigures(dir: string): Promise<Figure[]> {
  const { figures, task, sync, video, result } = await worked(dir, await talkingFilm(dir), SECONDS);
  figures.push(...(await qualityOf(video, result, await unpackFrames(task.motion), sync)));
  const alone = figures[1]!.value;
  const previewed = await previewSeconds(result, { width: WIDTH, height: HEIGHT, fps: FPS, frames: SECONDS * FPS });
  return [
    ...figures,
    { name: "  the check of it", unit: "s", value: await checked(task, sync, result), target: null },
    { name: "  with a preview, to be sold", unit: "×", value: (alone + previewed) / alone, target: 1.15 },
  ];
}

/** Beside many other shapes it has every closure: m, b and p. */
const NEW_WORDS = `${CHEF} ${BOBBY}`;

async function longFigures(dir: string): Promise<Figure[]> {
  const once = await talkingFilm(dir);
  const figures: Figure[] = [];
  for (const times of [1, 6, 18]) {
    const video = join(dir, `${times}.mp4`);
    await loopVideo(once, video, times, { frames: SECONDS * FPS, fps: FPS });
    const made = await worked(dir, video, times * SECONDS);
    for (const { name, value, unit } of made.figures) console.error(`${name}: ${value.toFixed(1)} ${unit}`);
    figures.push(...made.figures);
  }
  return figures;
}

/** A video with other words, and what that took. */
async function worked(dir: string, video: string, seconds: number) {
  const listener = await startEngine(["--kinds", "", "--checks", "", "--services", "listen"]);
  const heard = await listenTo(listener, dir, "new", NEW_WORDS, seconds);
  await listener.close();
  // a process of its own, so that its memory is what this work takes
  const fresh = await startEngine(["--kinds", "lipsync", "--checks", "", "--services", "film"]);
  const asked = { inputs: { video: [{ path: video, type: "video/mp4" }] }, limits: { seconds: 300 } };
  const film = await fresh.ask<FilmResult>({ type: "film", run: "film", ...asked });
  const sync = { mode: "cut_off" as const, video: film.seconds, sound: heard.seconds };
  const result = join(dir, "result.mp4");
  const task: Pick<LipsyncRun, "kind" | "inputs" | "motion"> = {
    ...{ kind: "lipsync", motion: heard.motion },
    inputs: { ...asked.inputs, audio: [{ path: join(dir, "new.sound.wav"), type: "audio/wav" }] },
  };
  const run: LipsyncRun = {
    ...{ type: "run", run: "run", ...task, params: { sync, face: 0 }, outputs: { video: result }, provenance },
  };
  const [started, before] = [performance.now(), fresh.cpuSeconds()];
  const { warnings } = await fresh.ask<LipsyncRunResult>(run);
  const spent = { wall: (performance.now() - started) / 1000, cpu: fresh.cpuSeconds() - before };
  for (const { detail } of warnings) console.error(detail);
  const peak = fresh.peakBytes();
  await fresh.close();
  const name = `${seconds} s of 720p with other words`;
  const figures: Figure[] = [
    { name, unit: "s", value: spent.wall, target: seconds === SECONDS ? 30 : null },
    { name: "  processor time of it", unit: "s", value: spent.cpu, target: null },
    { name: "  peak memory of the engine", unit: "MB", value: peak / 1e6, target: 500 },
  ];
  return { figures, task, sync, video, result };
}

async function listenTo(
  engine: Engine,
  dir: string,
  name: string,
  phones: string,
  seconds: number,
): Promise<ListenResult> {
  const once = spokenOf(phones);
  const sentence = soundOf(once);
  const voice = join(dir, `${name}.wav`);
  const all = Float32Array.from({ length: seconds * RATE }, (_, i) => sentence[i % sentence.length]!);
  writeFileSync(voice, wavOf([all], RATE));
  // a buzz is not a voice, so the times of its phones are told
  const times = Math.ceil(seconds / once.seconds);
  const told = Array.from({ length: times }, (_, nth) =>
    once.phones.map((phone) => ({
      ...phone,
      start: phone.start + nth * once.seconds,
      end: Math.min(seconds, phone.end + nth * once.seconds),
    })),
  );
  const spoken = { words: [], phones: told.flat().filter(({ start }) => start < seconds) };
  return engine.ask<ListenResult>({
    ...{ type: "listen", run: name, inputs: { audio: [{ path: voice, type: "audio/wav" }] } },
    ...{ params: { fps: FPS, intensity: 1, seed: 1 }, limits: { seconds: 300 } },
    ...{ spoken, outputs: { motion: join(dir, `${name}.json`), sound: join(dir, `${name}.sound.wav`) } },
  });
}

type Film = { seconds?: number /** Whether it has the sound of its lips. */; heard?: boolean };

/** A portrait that speaks, 720 pixels square, in the middle of a grey picture of 720p. */
export async function talkingFilm(dir: string, { seconds = SECONDS, heard = false }: Film = {}): Promise<string> {
  const engine = await startEngine(["--kinds", "talk", "--checks", "", "--services", "listen"]);
  const image = fileURLToPath(new URL("../../test/fixtures/grace_hopper.jpg", import.meta.url));
  const [square, film] = ["square.mp4", "film.mp4"].map((name) => join(dir, name)) as [string, string];
  const { cast } = await castPicture(image, { size: 720, face: 0 });
  const { motion } = await listenTo(engine, dir, "old", BOBBY, seconds);
  const audio = [{ path: join(dir, "old.sound.wav"), type: "audio/wav" }];
  const inputs = { image: [{ path: image, type: "image/jpeg" }], audio };
  await engine.ask({
    ...{ type: "run", run: "talk", kind: "talk", inputs, cast, motion, params: { seed: 1 } },
    ...{ outputs: { video: square }, provenance },
  });
  await engine.close();
  const sound = heard ? await openSound(audio[0]!) : undefined;
  const writer = await openVideoWriter({ path: film, width: WIDTH, height: HEIGHT, fps: FPS, provenance, sound });
  const onFrame = ({ yuv }: { yuv: () => Uint8Array }) => writer.write(widened(yuv()));
  await readFilm(square, { signal, maxSeconds: 300, onFrame });
  await writer.close();
  await sound?.close();
  return film;
}

function widened(square: Uint8Array): Uint8Array {
  const out = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  const planes: [from: number, to: number, by: number][] = [[0, 0, 1]];
  planes.push([HEIGHT * HEIGHT, WIDTH * HEIGHT, 2], [(HEIGHT * HEIGHT * 5) / 4, (WIDTH * HEIGHT * 5) / 4, 2]);
  for (const [from, to, by] of planes) {
    const side = HEIGHT / by;
    for (let row = 0; row < side; row++) {
      const at = to + (row * WIDTH) / by + (WIDTH - HEIGHT) / 2 / by;
      out.set(square.subarray(from + row * side, from + (row + 1) * side), at);
    }
  }
  return out;
}

async function qualityOf(video: string, result: string, motion: MotionFrames, sync: Sync): Promise<Figure[]> {
  const options = { face: 0, maxSeconds: 300, signal, progress() {} };
  const followed = await followFace(video, options);
  const before = followed.looks;
  // the second time, when everything is loaded and compiled
  const used = process.cpuUsage();
  const after = (await followFace(result, options)).looks;
  const { user, system } = process.cpuUsage(used);
  const range = rangeOf(before.filter((look): look is Look => look !== null));
  const asked = askedMouths(motion, range);
  const seen = asked.map((_, n) => after[n]?.gap ?? 0);
  const gaps = asked.map(({ gap }) => gap);
  const lagged = (lag: number) => correlation(gaps.slice(5, -5), seen.slice(5 + lag, seen.length - 5 + lag));
  const lags = [-3, -2, -1, 0, 1, 2, 3].sort((a, b) => lagged(b) - lagged(a));
  const shut = asked.flatMap((mouth, n) => (mouth.shut ? [seen[n]!] : []));
  const widths = after.map((look) => look?.width ?? 0).slice(0, asked.length);
  return [
    { name: "  gap asked and seen", unit: "r", value: lagged(0), target: 0.9, rising: true },
    { name: "  lag", unit: "frames", value: Math.abs(lags[0]!), target: 0 },
    {
      name: "  width asked and seen",
      unit: "r",
      value: correlation(
        asked.map(({ width }) => width),
        widths,
      ),
      target: null,
    },
    {
      name: "  gap at m, b, p, mean",
      unit: "E",
      value: shut.reduce((sum, gap) => sum + gap, 0) / shut.length,
      target: 0.015,
    },
    { name: "  gap at m, b, p, most", unit: "E", value: Math.max(0, ...shut), target: null },
    ...(await pictureFigures(video, followed, motion, sync)),
    {
      name: "  processor time to follow a face, a frame",
      unit: "ms",
      value: (user + system) / 1000 / after.length,
      target: 20,
    },
  ];
}

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [p, q] = [mean(a), mean(b)];
  const product = (x: number[], y: number[], u: number, v: number) =>
    x.reduce((sum, value, i) => sum + (value - u) * (y[i]! - v), 0);
  return product(a, b, p, q) / Math.sqrt(product(a, a, p, p) * product(b, b, q, q) || 1);
}

/** Processor seconds. */
async function checked(
  task: Pick<LipsyncRun, "kind" | "inputs" | "motion">,
  sync: LipsyncRun["params"]["sync"],
  video: string,
) {
  const engine = await startEngine(["--kinds", "", "--checks", "lipsync", "--services", ""]);
  const params = { sync, face: 0, speechShare: 1 };
  const check: LipsyncCheck = { type: "check", run: "check", ...task, params, files: { video } };
  const before = engine.cpuSeconds();
  await engine.ask(check);
  const spent = engine.cpuSeconds() - before;
  await engine.close();
  return spent;
}
