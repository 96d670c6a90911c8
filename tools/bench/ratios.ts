/**
 * `npm run bench -- --only ratios [--size 512|1024]`: how far an engine, a job and a start are from the limit, decoding the photo and
 * encoding ready frames. All take turns, in processes as a worker starts them: one draws, the other makes the cast and checks.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CastRequest, CastResult } from "@smileloop/core/engine/services.ts";
import type { AnimateCheck, AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";
import { posterFrame } from "@smileloop/core/motion/poster-frame.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import type { Told } from "../../test/support/asked.ts";
import { type Engine, startEngine } from "../../test/support/engine.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { encoderAlone, inFolder, PROVENANCE, tellClip } from "./clip.ts";
import { type Figure, median, ownCpu, type Part, type Spent, spent } from "./measure.ts";

/** Ratios: `asked` is what has to be reached, `aim` what is wanted. */
type Bound = { name: string; asked: number | null; aim?: number };
type Case = { size: number; rounds: number; memory: number; clip: Bound; cast: Bound; job: Bound; start: Bound | null };

const CASES: Case[] = [
  {
    ...{ size: 512, rounds: 5, memory: 350 },
    clip: { name: "warm engine", asked: 2.4, aim: 2.0 },
    cast: { name: "warm engine after the cast", asked: null },
    job: { name: "cast, clip and check, warm", asked: 3.2, aim: 2.7 },
    start: { name: "new processes to the clip", asked: 5.0, aim: 4.2 },
  },
  {
    ...{ size: 1024, rounds: 3, memory: 450 },
    clip: { name: "warm engine", asked: 2.4, aim: 2.0 },
    cast: { name: "warm engine after the cast", asked: null },
    job: { name: "cast, clip and check, warm", asked: null },
    start: null,
  },
];
const DRAWS = ["--kinds", "animate", "--checks", "", "--services", ""];
const JUDGES = ["--kinds", "", "--checks", "animate", "--services", "cast"];

export const ratios: Part = {
  name: "ratios",
  onRequest: true,
  figures: ({ size }) =>
    inFolder(async (dir) => {
      const image = join(dir, "portrait.jpg");
      writeFileSync(image, await twelveMegapixels());
      const figures: Figure[] = [];
      for (const one of CASES)
        if (!size || Number(size) === one.size) figures.push(...(await ratiosOf(one, image, dir)));
      return figures;
    }),
};

export type Processes = { draws: Engine; judges: Engine; cpu: () => number };
export type Files = { image: string; video: string; poster: string };
export type Job = { cast: Spent; clip: Spent; check: Spent };

async function ratiosOf(one: Case, image: string, dir: string): Promise<Figure[]> {
  const told = await tellClip(image, "gentle_smile", one.size);
  const files = { image, video: join(dir, "clip.mp4"), poster: join(dir, "poster.jpg") };
  const warm = await startBoth();
  const [limits, jobs, starts]: [Spent[], Job[], Spent[]] = [[], [], []];
  try {
    await oneJob(warm, told, one.size, files, "warm-up");
    const encode = await encoderAlone(files.video, join(dir, "again.mp4"));
    const limit = async (): Promise<void> => {
      await decodePicture(image);
      await encode();
    };
    await limit();
    for (let round = 0; round < one.rounds; round++) {
      limits.push(await spent(ownCpu, limit));
      jobs.push(await oneJob(warm, told, one.size, files, `${round}`));
      limits.push(await spent(ownCpu, limit));
      if (one.start) starts.push(await oneStart(told, one.size, files));
    }
    const peaks = [warm.draws, warm.judges].map((engine) => engine.peakBytes() / 1e6);
    return [...rowsOf(one, limits, jobs, starts), ...memoryOf(one, peaks)];
  } finally {
    await close(warm);
  }
}

function rowsOf(one: Case, limits: Spent[], jobs: Job[], starts: Spent[]): Figure[] {
  const row = ({ name, asked, aim }: Bound, runs: Spent[]): Figure => {
    const of = (kind: keyof Spent, least: (values: number[]) => number): number =>
      least(runs.map((run) => run[kind])) / least(limits.map((limit) => limit[kind]));
    const ms = median(runs.map(({ wall }) => wall)).toFixed(0);
    const least = of("wall", (values) => Math.min(...values)).toFixed(2);
    const note = `${ms} ms; least ${least}; processors ${of("cpu", median).toFixed(2)}${aim ? `; aim ${aim.toFixed(1)}` : ""}`;
    return { name: `${one.size}² ${name}, ÷ limit`, unit: "×", value: of("wall", median), target: asked, note };
  };
  const sum = (parts: (keyof Job)[]): Spent[] =>
    jobs.map((job) => ({
      wall: parts.reduce((total, part) => total + job[part].wall, 0),
      cpu: parts.reduce((total, part) => total + job[part].cpu, 0),
    }));
  return [
    {
      ...{ name: `${one.size}² limit: full decode + x264 alone`, unit: "ms", target: null },
      value: median(limits.map(({ wall }) => wall)),
      note: `least ${Math.min(...limits.map(({ wall }) => wall)).toFixed(0)}`,
    },
    row(one.clip, sum(["clip"])),
    row(one.cast, sum(["cast", "clip"])),
    row(one.job, sum(["cast", "clip", "check"])),
    ...(one.start ? [row(one.start, starts)] : []),
  ];
}

function memoryOf({ size, memory }: Case, peaks: number[]): Figure[] {
  return ["draws", "judges"].map((does, nth) => ({
    ...{ name: `${size}² peak memory of the process that ${does}`, unit: "MB" },
    ...{ value: peaks[nth]!, target: memory },
  }));
}

export async function oneJob(processes: Processes, told: Told, size: number, files: Files, run: string): Promise<Job> {
  const { judges, cpu } = processes;
  const { video, poster } = files;
  const cast = await spent(cpu, () => askCast(judges, files.image, size, `${run}-cast`));
  const clip = await spent(cpu, () => askClip(processes, told, files, run));
  const check: AnimateCheck = {
    ...{ type: "check", run: `${run}-check`, ...told.check },
    files: { video, poster: { path: poster, frame: posterFrame(told.run.motion) } },
  };
  return { cast, clip, check: await spent(cpu, () => judges.ask(check)) };
}

/** Both begin at once, as they do where a worker starts. */
async function oneStart(told: Told, size: number, files: Files): Promise<Spent> {
  let processes: Processes | undefined;
  const cpu = (): number => processes?.cpu() ?? 0;
  const start = await spent(cpu, async () => {
    processes = await startBoth();
    await askCast(processes.judges, files.image, size, "cast");
    await askClip(processes, told, files, "clip");
  });
  await close(processes!);
  return start;
}

/** `before`: a command that starts them. */
export async function startBoth(before: string[] = []): Promise<Processes> {
  const [draws, judges] = await Promise.all([startEngine(DRAWS, { before }), startEngine(JUDGES, { before })]);
  return { draws, judges, cpu: () => (draws.cpuSeconds() + judges.cpuSeconds()) * 1000 };
}

export async function close({ draws, judges }: Processes): Promise<void> {
  await Promise.all([draws.close(), judges.close()]);
}

function askCast(judges: Engine, image: string, size: number, run: string): Promise<CastResult> {
  const inputs = { image: [{ path: image, type: "image/jpeg" }] };
  const request: CastRequest = { type: "cast", run, inputs, params: { size, face: 0 } };
  return judges.ask(request);
}

function askClip({ draws }: Processes, told: Told, { video, poster }: Files, run: string): Promise<unknown> {
  const outputs = { video, poster: { path: poster, frame: posterFrame(told.run.motion) } };
  const request: AnimateRun = { type: "run", run, ...told.run, outputs, provenance: PROVENANCE };
  return draws.ask(request);
}
