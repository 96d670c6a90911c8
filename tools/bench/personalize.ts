/** What one recipient of a personalised video of 8 s costs, 1280 × 720: a name that is said, put in and checked; and with lips that say it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { FilmResult, ListenResult, SayResult } from "@smileloop/core/engine/speech-services.ts";
import type { InsertRun, InsertRunResult } from "@smileloop/core/engine/tasks/insert.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { surveySchema } from "@smileloop/core/speech/survey.ts";
import { type Engine, startEngine } from "../../test/support/engine.ts";
import { inFolder } from "./clip.ts";
import { talkingFilm } from "./lipsync.ts";
import { type Figure, median, type Part } from "./measure.ts";

export const personalize: Part = { name: "personalize", figures: () => inFolder(figuresOf) };

const SECONDS = 8;
const NAMES = ["Amit", "Mary", "Jonathan", "Elisa", "Robert"];
const provenance = { job: "0".repeat(32), engine: "bench", version: "0", mark: null };
const GOLD = { fits: true, gap_seconds: 0.12, as_long_as: "picture" } as const;
const DIAMOND = { ...GOLD, fits: false } as const;

async function figuresOf(dir: string): Promise<Figure[]> {
  const kinds = "talk,survey,insert,lipsync";
  const services = "say,listen,film";
  const engine = await startEngine(["--kinds", kinds, "--checks", "insert,lipsync", "--services", services]);
  const path = await talkingFilm(dir, { seconds: SECONDS, heard: true });
  const video: EngineFile = { path, type: "video/mp4" };
  const surveyed = await spent(engine, () => survey(engine, dir, video));
  const gold: Spent[] = [];
  for (const name of NAMES) gold.push(await spent(engine, () => insert(engine, dir, { video, name, params: GOLD })));
  const lips: Spent[] = [];
  for (const name of NAMES.slice(0, 2)) lips.push(await spent(engine, () => withLips(engine, dir, video, name)));
  await engine.close();
  const rows = (title: string, all: Spent[], target: number | null): Figure[] => [
    { name: title, unit: "s", value: median(all.map(({ s }) => s)), target },
    { name: "  processor time of it", unit: "s", value: median(all.map(({ cpu }) => cpu)), target: null },
  ];
  return [
    ...rows(`a video of ${SECONDS} s surveyed, its face followed`, [surveyed], null),
    ...rows("a name put into it, its pictures copied (gold)", gold, 0.35),
    ...rows("a name put into it, and lips that say it (diamond)", lips, 8),
  ];
}

type Spent = { s: number; cpu: number };

async function spent(engine: Engine, work: () => Promise<unknown>): Promise<Spent> {
  const [started, before] = [performance.now(), engine.cpuSeconds()];
  await work();
  return { s: (performance.now() - started) / 1000, cpu: engine.cpuSeconds() - before };
}

async function survey(engine: Engine, dir: string, video: EngineFile): Promise<void> {
  const asked = { type: "film", run: "film", inputs: { video: [video] }, limits: { seconds: 60 } };
  const { width, height, fps, even, frames, seconds, begins } = await engine.ask<FilmResult>(asked);
  await engine.ask({
    ...{ type: "run", run: "survey", kind: "survey", inputs: { video: [video] } },
    film: { width, height, fps, even, frames, seconds, begins },
    params: { place: "first", name_position: "start", silence_db: -30, silence_seconds: 0.3 },
    outputs: { survey: join(dir, "survey.json"), track: join(dir, "track.json"), pictures: join(dir, "pictures.mp4") },
    provenance,
  });
}

type Asked = { video: EngineFile; name: string; params: InsertRun["params"]; sound?: string };

async function insert(engine: Engine, dir: string, { video, name, params, sound }: Asked) {
  const outputs = { sound: join(dir, "name.wav"), spoken: join(dir, "name.json") };
  const said = { type: "say", run: "say", params: { text: name, speed: 1 }, outputs };
  const { spoken } = await engine.ask<SayResult>(said);
  const inputs = {
    ...{ video: [video], survey: [{ path: join(dir, "survey.json"), type: "application/json" }] },
    words: [{ path: outputs.sound, type: "audio/wav" }],
  };
  const files = sound === undefined ? { video: join(dir, "made.mp4") } : { sound };
  const task = { kind: "insert", inputs, params };
  const made = await engine.ask<InsertRunResult>({ type: "run", run: "insert", ...task, outputs: files, provenance });
  if (sound === undefined) await engine.ask({ type: "check", run: "check", ...task, picture: "same", files });
  return { ...made, spoken, task };
}

async function withLips(engine: Engine, dir: string, video: EngineFile, name: string): Promise<void> {
  const sound = join(dir, "words.wav");
  const { changed, task, said, spoken } = await insert(engine, dir, { video, name, params: DIAMOND, sound });
  const { film } = surveySchema.parse(JSON.parse(await readFile(join(dir, "survey.json"), "utf8")));
  const audio = { path: sound, type: "audio/wav" };
  const heard = await engine.ask<ListenResult>({
    ...{ type: "listen", run: "listen", inputs: { audio: [audio] }, params: { fps: film.fps, intensity: 1, seed: 0 } },
    ...{ spoken: await placedAt(said[0]!, spoken!) },
    ...{ limits: { seconds: 60 }, outputs: { motion: join(dir, "heard.json"), sound: join(dir, "heard.wav") } },
  });
  const params = {
    sync: { mode: "cut_off", video: film.seconds, sound: film.seconds },
    ...{ face: 0, spans: changed.map(({ from, to }) => ({ from: Math.max(0, from - 0.2), to: to + 0.2 })) },
  };
  const track = { path: join(dir, "track.json"), type: "application/json" };
  const pictures = { path: join(dir, "pictures.mp4"), type: "video/mp4" };
  const lips = {
    kind: "lipsync",
    inputs: { video: [video], audio: [audio], track: [track], pictures: [pictures] },
    motion: heard.motion,
  };
  const files = { video: join(dir, "lips.mp4") };
  await engine.ask({ type: "run", run: "lips", ...lips, params, outputs: files, provenance });
  const judged = { ...params, speechShare: heard.speechShare };
  await engine.ask({ type: "check", run: "lips", ...lips, params: judged, files });
  await engine.ask({ type: "check", run: "check", ...task, picture: "other", files });
}

/** When the voice's phones are heard where its words were put: as the worker tells it. */
async function placedAt(
  { from, to, tempo, skipped }: InsertRunResult["said"][number],
  packed: NonNullable<SayResult["spoken"]>,
): Promise<Spoken> {
  const { phones } = await unpackMotion<Spoken>(packed, spokenSchema);
  const at = (seconds: number) => Math.min(to, Math.max(from, from + (seconds - skipped) / tempo));
  return { words: [], phones: phones.map(({ phone, start, end }) => ({ phone, start: at(start), end: at(end) })) };
}
