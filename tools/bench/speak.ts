/** Voices: a name and a minute of text, warm; and the first name of a process that has only just said that it is ready. */
import { join } from "node:path";
import type { SayResult } from "@smileloop/core/engine/speech-services.ts";
import { findEspeak } from "@smileloop/voice/espeak/find.ts";
import { type Engine, startEngine } from "../../test/support/engine.ts";
import { inFolder } from "./clip.ts";
import { type Figure, median, type Part } from "./measure.ts";

export const speak: Part = { name: "speak", figures: () => inFolder(speakFigures) };

const RUNS = 9;
const STARTS = 3;
const MINUTE = "The quick brown fox jumps over the lazy dog, and then it takes a long walk along the river. ".repeat(
  11,
);

type Voice = { title: string; name: string; text: string };
const ENGLISH: Voice = { title: "a name in English (flite)", name: "rms", text: "Mary" };
const HINDI: Voice = { title: "a name in Hindi (eSpeak NG)", name: "espeak-hi", text: "राम" };

async function speakFigures(dir: string): Promise<Figure[]> {
  const voices = findEspeak() === null ? [ENGLISH] : [ENGLISH, HINDI];
  const figures: Figure[] = [];
  for (const voice of voices) figures.push(...(await nameFigures(dir, voice)));
  const engine = await start();
  await said(engine, dir, ENGLISH);
  const { ms, cpuMs, seconds } = await said(engine, dir, { ...ENGLISH, text: MINUTE });
  figures.push(
    { name: `a text of ${MINUTE.length} characters in English`, unit: "s", value: ms / 1000, target: null },
    { name: "  processor time by length of the sound", unit: "×", value: cpuMs / 1000 / seconds, target: 0.1 },
    { name: "  peak memory of the process", unit: "MB", value: engine.peakBytes() / 1e6, target: 400 },
  );
  await engine.close();
  return figures;
}

async function nameFigures(dir: string, voice: Voice): Promise<Figure[]> {
  const cold: Spent[] = [];
  const warm: Spent[] = [];
  for (let nth = 0; nth < STARTS; nth++) {
    const engine = await start();
    cold.push(await said(engine, dir, voice));
    for (let run = 0; nth === 0 && run < RUNS; run++) {
      // another word each time: how a word sounds is kept
      warm.push(await said(engine, dir, { ...voice, text: `${voice.text}${"aeiou"[run % 5]}${run < 5 ? "" : "n"}` }));
    }
    await engine.close();
  }
  const of = (spent: Spent[], pick: (each: Spent) => number) => ({
    value: median(spent.map(pick)),
    runs: spent.map(pick),
  });
  return [
    { name: `${voice.title}, warm`, unit: "ms", ...of(warm, ({ ms }) => ms), target: 50 },
    { name: "  processor time of it", unit: "ms", ...of(warm, ({ cpuMs }) => cpuMs), target: null },
    { name: "  the first one of a process", unit: "ms", ...of(cold, ({ ms }) => ms), target: 1000 },
    { name: "  processor time of it", unit: "ms", ...of(cold, ({ cpuMs }) => cpuMs), target: null },
  ];
}

function start(): Promise<Engine> {
  return startEngine(["--kinds", "", "--checks", "", "--services", "say"]);
}

/** `cpuMs`: of the engine's process; what eSpeak NG takes in its own is in `ms` alone. */
type Spent = { ms: number; cpuMs: number; seconds: number };

let runs = 0;

async function said(engine: Engine, dir: string, { name, text }: Voice): Promise<Spent> {
  const [started, before] = [performance.now(), engine.cpuSeconds()];
  const { seconds } = await engine.ask<SayResult>({
    ...{ type: "say", run: `say-${runs++}`, params: { text, voice: name, speed: 1 } },
    outputs: { sound: join(dir, "said.wav"), spoken: join(dir, "said.json") },
  });
  return { ms: performance.now() - started, cpuMs: 1000 * (engine.cpuSeconds() - before), seconds };
}
