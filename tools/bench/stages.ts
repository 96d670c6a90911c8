/**
 * `npm run bench -- --only clip --stages [--size 512|1024] [--against <checkout>]`: where the time of a clip goes, beside full decode and x264 alone.
 * The limit, this checkout and the other one take turns, so that what else the machine does falls on all of them alike.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AnimateCheck, AnimateRun, AnimateRunResult } from "@smileloop/core/engine/tasks/animate.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { type Engine, HOST, startEngine } from "../../test/support/engine.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { encoderAlone, PROVENANCE, tellClip } from "./clip.ts";
import { type BenchOptions, type Figure, median, ownCpu, type Spent, spent } from "./measure.ts";
import { profiledParts } from "./profile.ts";

const SIZES = [
  { size: 512, rounds: 7, memory: 350 },
  { size: 1024, rounds: 4, memory: 450 },
] as const;
const STAGES = ["decode", "detect", "matte", "rig", "render", "encode"] as const;
const SERVES = ["--kinds", "animate", "--checks", "animate", "--services", "finish"];
const PROFILED = 2;

type Clip = Spent & { stages: Record<string, number>; check: Spent };
type Side = { name: string; host: string; clips: Clip[]; peak: number };

/** `against`: another checkout with its packages installed; `only`: one of the sizes. */
export async function stageFigures(dir: string, { against, size: only }: BenchOptions): Promise<Figure[]> {
  const image = join(dir, "portrait.jpg");
  writeFileSync(image, await twelveMegapixels());
  const figures: Figure[] = [];
  for (const { size, rounds, memory } of SIZES) {
    if (only && Number(only) !== size) continue;
    const told = await tellClip(image, "gentle_smile", size);
    const sides: Side[] = [{ name: "now", host: HOST, clips: [], peak: 0 }];
    if (against) sides.push({ name: "before", host: hostIn(against), clips: [], peak: 0 });
    const limits = await takeTurns(dir, told, sides, rounds);
    figures.push(...compared(`${size}²`, sides, limits, memory));
    for (const side of sides) {
      const name = `${size}² drawing, ${side.name}`;
      figures.push(...(await profiled(join(dir, `${side.name}-${size}`), told, side.host, name)));
    }
  }
  return figures;
}

function hostIn(checkout: string): string {
  const host = resolve(checkout, "packages/engine/src/host.ts");
  if (!statSync(host, { throwIfNoEntry: false }))
    throw new Error(`--against: ${host} does not exist; name a checkout.`);
  return host;
}

type Told = Awaited<ReturnType<typeof tellClip>>;

async function takeTurns(dir: string, told: Told, sides: Side[], rounds: number): Promise<Spent[]> {
  const engines = await Promise.all(sides.map(({ host }) => startEngine(SERVES, { host })));
  const limits: Spent[] = [];
  try {
    const video = (nth: number): string => join(dir, `clip-${nth}.mp4`);
    for (const [nth, engine] of engines.entries()) await oneClip(engine, told, video(nth), "warm-up");
    const encode = await encoderAlone(video(0), join(dir, "again.mp4"));
    const limit = async (): Promise<void> => {
      await decodePicture(told.run.inputs.image[0]!.path);
      await encode();
    };
    await limit();
    for (let round = 0; round < rounds; round++) {
      limits.push(await spent(ownCpu, limit));
      const order = [...engines.keys()];
      if (round % 2 === 1) order.reverse();
      for (const nth of order) sides[nth]!.clips.push(await oneClip(engines[nth]!, told, video(nth), `${round}`));
    }
    for (const [nth, side] of sides.entries()) side.peak = engines[nth]!.peakBytes();
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
  return limits;
}

async function oneClip(engine: Engine, told: Told, video: string, run: string): Promise<Clip> {
  const cpu = (): number => engine.cpuSeconds() * 1000;
  const request: AnimateRun = { type: "run", run, ...told.run, outputs: { video }, provenance: PROVENANCE };
  let stages: Record<string, number> = {};
  const clip = await spent(cpu, async () => {
    stages = (await engine.ask<AnimateRunResult>(request)).timings;
  });
  const check: AnimateCheck = { type: "check", run: `${run}-check`, ...told.check, files: { video } };
  return { ...clip, stages, check: await spent(cpu, () => engine.ask(check)) };
}

/** One row for each stage: its median, and in the note the least, and the same of the other checkout. */
function compared(title: string, [now, before]: Side[], limits: Spent[], memory: number): Figure[] {
  const row = (name: string, of: (clip: Clip) => number, bound?: (limit: Spent) => number): Figure => {
    const runs = now!.clips.map(of);
    const then = before?.clips.map(of);
    const limit = bound && { name: "full decode + x264 alone", value: median(limits.map(bound)) };
    const least = `least ${Math.round(Math.min(...runs))}${bound ? ` = ${ratio(runs, limits.map(bound))} × its least` : ""}`;
    const note = then
      ? `${least}; before ${Math.round(median(then))}, least ${Math.round(Math.min(...then))}: ${change(runs, then)}`
      : least;
    return {
      name: `${title} ${name}`,
      unit: "ms",
      value: median(runs),
      target: null,
      ...(limit && { limit }),
      note,
      runs,
    };
  };
  const job = (kind: keyof Spent) => (clip: Clip) => clip[kind] + clip.check[kind];
  return [
    row(
      "clip",
      (clip) => clip.wall,
      (limit) => limit.wall,
    ),
    row(
      "clip, processors",
      (clip) => clip.cpu,
      (limit) => limit.cpu,
    ),
    row("clip and check", job("wall"), (limit) => limit.wall),
    row("clip and check, processors", job("cpu"), (limit) => limit.cpu),
    ...STAGES.map((stage) => row(`  ${stage}`, (clip) => clip.stages[stage] ?? 0)),
    row("  check", (clip) => clip.check.wall),
    {
      name: `${title} peak memory with the check`,
      unit: "MB",
      value: now!.peak / 1e6,
      target: memory,
      ...(before && { note: `before ${Math.round(before.peak / 1e6)}` }),
    },
  ];
}

function ratio(runs: number[], limits: number[]): string {
  return (Math.min(...runs) / Math.min(...limits)).toFixed(2);
}

/** By medians and by the least: where the two differ, the machine was busy. */
function change(now: number[], before: number[]): string {
  const percent = (a: number, b: number): string => `${a < b ? "−" : "+"}${Math.abs(100 * (a / b - 1)).toFixed(0)} %`;
  return `${percent(median(now), median(before))}, ${percent(Math.min(...now), Math.min(...before))}`;
}

async function profiled(dir: string, told: Told, host: string, title: string): Promise<Figure[]> {
  mkdirSync(dir, { recursive: true });
  const engine = await startEngine(SERVES, { host, flags: ["--cpu-prof", "--cpu-prof-dir", dir] });
  for (let run = 0; run < PROFILED; run++) {
    const request: AnimateRun = {
      ...{ type: "run", run: `${run}`, ...told.run },
      ...{ outputs: { video: join(dir, "clip.mp4") }, provenance: PROVENANCE },
    };
    await engine.ask(request);
  }
  await engine.close();
  const profiles = readdirSync(dir).filter((name) => name.endsWith(".cpuprofile"));
  const parts = profiledParts(profiles.map((name) => readFileSync(join(dir, name), "utf8")));
  return parts.map(({ file, ms }) => ({ name: `${title}: ${file}`, unit: "ms", value: ms / PROFILED, target: null }));
}
