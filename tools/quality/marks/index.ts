/** The table of what the invisible mark costs and stands. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { chanceReport } from "./chance.ts";
import { type Cost, costOf } from "./cost.ts";
import { drawnClip, PRESETS } from "./drawn.ts";
import { type Reading, readings } from "./figures.ts";

/** Presets whose clips are attacked; one that moves the whole head, one that does not. */
const ATTACKED = ["big_smile", "look_around"];
export const FOREIGN_KEYS = 20_000;
const GOALS = { more: 0.2, psnr: 42, hoped: 0.6 };

/** Of all portraits and presets; `only`: a preset. */
export async function marksReport(portraits: readonly string[], only?: string) {
  const dir = mkdtempSync(join(tmpdir(), "marks-"));
  const costs: (Cost & { clip: string })[] = [];
  const read: Reading[] = [];
  const presets = [...loadPresets(PRESETS).keys()].sort().filter((name) => only === undefined || name === only);
  for (const portrait of portraits) {
    for (const preset of presets) {
      const clip = await drawnClip(portrait, preset);
      costs.push({ clip: `${basename(portrait)} ${preset}`, ...(await costOf(clip, join(dir, "clip.mp4"))) });
      if (ATTACKED.includes(preset)) read.push(...(await readings(clip)));
    }
  }
  rmSync(dir, { recursive: true });
  const chances = await chanceReport(portraits, { trials: FOREIGN_KEYS, from: 0, only });
  const rows = attackRows(read);
  const failures =
    costs.filter(({ more, psnr }) => more > GOALS.more || psnr < GOALS.psnr).length +
    rows.filter(({ promised, share }) => share < (promised ? 1 : GOALS.hoped)).length +
    chances.failures;
  return { markdown: [costTable(costs), attackTable(rows), chances.markdown].join("\n\n"), failures };
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
