/** The clips that the network is measured on: people from Debian's packages, and synthetic voices that it was not trained on. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Viseme } from "@smileloop/speech/visemes.ts";
import { soundOf } from "./sound.ts";

/** A shape with the seconds in which it is seen. */
export type Part = [viseme: Viseme, start: number, end: number];
/** Mono at 16 kHz, with what is said when. */
export type Clip = { samples: Float32Array; parts: Part[] };
export type ClipSet = { name: string; clips: Clip[] } | { name: string; missing: string };

/** Debian's interpreter: the voices' scripts use its numpy and scipy. */
const PYTHON = "/usr/bin/python3";
const SYNTHETIC = ["test-espeak-en", "test-espeak-hi", "test-fest-kal", "test-fest-slt", "test-fest-hi"];

type Human = { clip: string; sha256: string; text: string; parts: Part[] };

/** The clips of a list that `tools/visemes/align.py` made, as far as their packages are installed. */
export function humanSet(name: string, list: string): ClipSet {
  const listed = JSON.parse(readFileSync(list, "utf8")) as Human[];
  const clips: Clip[] = [];
  for (const { clip, sha256, parts } of listed) {
    if (!existsSync(clip)) return { name, missing: `${clip} (apt-get install pocketsphinx-testdata alsa-utils)` };
    const file = readFileSync(clip);
    if (createHash("sha256").update(file).digest("hex") !== sha256) {
      return { name, missing: `${clip} is another recording than the one whose phones are known` };
    }
    clips.push({ samples: soundOf(clip, file), parts });
  }
  return { name, clips };
}

type Listed = { missing: string } | { clips: { start: number; samples: number; parts: Part[] }[] };

/** Synthetic voices, spoken now. */
export function syntheticSets(): ClipSet[] {
  const folder = mkdtempSync(join(tmpdir(), "voices-"));
  try {
    const script = join(import.meta.dirname, "../../visemes/testsets.py");
    const ran = spawnSync(PYTHON, [script, folder], { encoding: "utf8" });
    const missing = ran.error?.message ?? ran.stderr.trim().split("\n").at(-1) ?? "";
    if (ran.status !== 0) return SYNTHETIC.map((name) => ({ name, missing }));
    const sets = JSON.parse(readFileSync(join(folder, "sets.json"), "utf8")) as Record<string, Listed>;
    return Object.entries(sets).map(([name, listed]) => {
      if ("missing" in listed) return { name, missing: listed.missing };
      const sound = soundOf("voices.raw", readFileSync(join(folder, `${name}.raw`)));
      const clips = listed.clips.map(({ start, samples, parts }) => ({
        samples: sound.subarray(start, start + samples),
        parts,
      }));
      return { name, clips };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
