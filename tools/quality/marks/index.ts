/** The table of what the invisible mark costs and stands. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { openStage } from "@smileloop/engine/warp/stage.ts";
import type { Frames } from "./attacks.ts";
import { type Cost, chance, costOf } from "./cost.ts";
import { pictureOf, type Reading, readings, write } from "./figures.ts";

const PRESETS = join(import.meta.dirname, "../../../presets");
/** Seconds of a clip that are looked at. */
const SECONDS = 3;
/** Presets whose clips are attacked; one that moves the whole head, one that does not. */
const ATTACKED = ["big_smile", "look_around"];
const FOREIGN_KEYS = 20_000;
const GOALS = { more: 0.2, psnr: 42, hoped: 0.6 };

export async function drawnClip(portrait: string, preset: string, seconds = SECONDS): Promise<Frames> {
  const { cast } = await castPicture(portrait, { size: 512, face: 0 });
  const { scene, play } = await openStage(portrait, cast, new AbortController().signal);
  const found = loadPresets(PRESETS).get(preset)!;
  const durationSeconds = Math.min(seconds, found.duration);
  const motion = sampleMotion(presetMotion(found), { fps: 25, durationSeconds, intensity: 1 });
  const frame = play(motionOfCast(motion, cast.movers, 0), 0);
  const { width, height } = scene.still;
  return { width, height, frames: Array.from({ length: motion.frames }, (_, n) => Uint8Array.from(frame(n))) };
}

/** Of all portraits and presets; `only`: a preset. */
export async function marksReport(portraits: readonly string[], only?: string) {
  const dir = mkdtempSync(join(tmpdir(), "marks-"));
  const costs: (Cost & { clip: string })[] = [];
  const read: Reading[] = [];
  let best = { found: 0, best: 0 };
  const presets = [...loadPresets(PRESETS).keys()].sort().filter((name) => only === undefined || name === only);
  for (const portrait of portraits) {
    for (const preset of presets) {
      const clip = await drawnClip(portrait, preset);
      costs.push({ clip: `${basename(portrait)} ${preset}`, ...(await costOf(clip, join(dir, "clip.mp4"))) });
      if (ATTACKED.includes(preset)) read.push(...(await readings(clip)));
    }
    const path = join(dir, "plain.mp4");
    await write(await drawnClip(portrait, presets[0]!), null, path);
    const { found, best: score } = chance(
      await pictureOf({ path, type: "video/mp4" }),
      FOREIGN_KEYS / portraits.length,
    );
    best = { found: best.found + found, best: Math.max(best.best, score) };
  }
  rmSync(dir, { recursive: true });
  const rows = attackRows(read);
  const failures =
    costs.filter(({ more, psnr }) => more > GOALS.more || psnr < GOALS.psnr).length +
    rows.filter(({ promised, share }) => share < (promised ? 1 : GOALS.hoped)).length +
    best.found;
  return { markdown: [costTable(costs), attackTable(rows), chanceLine(best)].join("\n\n"), failures };
}

type AttackRow = { attack: string; promised: boolean; found: number; share: number; least: number; of: number };

export function attackRows(read: readonly Reading[]): AttackRow[] {
  return [...new Set(read.map(({ attack }) => attack))].map((attack) => {
    const those = read.filter((each) => each.attack === attack);
    const count = (is: (each: Reading) => boolean) => those.filter(is).length / those.length;
    return {
      ...{ attack, promised: those[0]!.promised, of: those.length },
      ...{ found: count((each) => each.found), share: count((each) => each.read) },
      least: Math.min(...those.map(({ score }) => score)),
    };
  });
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

function costTable(costs: readonly (Cost & { clip: string })[]): string {
  const mean = (of: (each: Cost) => number) => costs.reduce((sum, each) => sum + of(each), 0) / costs.length;
  const rows = costs.map(({ clip, more, psnr, ms }) => {
    return `| ${clip} | ${percent(more)} | ${psnr.toFixed(1)} | ${Math.round(ms)} |`;
  });
  const all = `| mean of ${costs.length} | ${percent(mean(({ more }) => more))} | ${mean(({ psnr }) => psnr).toFixed(1)} | ${Math.round(mean(({ ms }) => ms))} |`;
  return ["| clip | size | PSNR-Y, dB | marking, ms |", "| --- | --- | --- | --- |", ...rows, all].join("\n");
}

function attackTable(rows: readonly AttackRow[]): string {
  const lines = rows.map(({ attack, promised, found, share, least }) => {
    return `| ${attack} | ${promised ? "yes" : "no"} | ${percent(found)} | ${percent(share)} | ${least.toFixed(0)} |`;
  });
  return [
    "| attack | promised | found | payload read | least score |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

function chanceLine({ found, best }: { found: number; best: number }): string {
  return `Of ${FOREIGN_KEYS} keys that nothing was marked with, ${found} were found; best score ${best.toFixed(1)}.`;
}
