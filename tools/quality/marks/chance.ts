/** How often chance looks like a mark: pictures that nobody has marked, each searched for keys that nothing was marked with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { chance } from "./cost.ts";
import { drawnClip, PRESETS } from "./drawn.ts";
import { pictureOf, write } from "./figures.ts";

/**
 * `trials`: in all, split evenly over portraits × presets; each has a key of its own, which is looked for at all places of the tile, and
 * mirrored. `from`: the first of them, to go on with a run that was stopped. A line of progress for each picture goes to stderr.
 */
export async function chanceReport(
  portraits: readonly string[],
  { trials, from, only }: { trials: number; from: number; only?: string | undefined },
): Promise<{ markdown: string; failures: number }> {
  const dir = mkdtempSync(join(tmpdir(), "marks-"));
  const presets = [...loadPresets(PRESETS).keys()].sort().filter((name) => only === undefined || name === only);
  const pictures = portraits.flatMap((portrait) => presets.map((preset) => ({ portrait, preset })));
  const sum = { tried: 0, found: 0, best: 0 };
  for (const [nth, { portrait, preset }] of pictures.entries()) {
    const first = Math.max(from, Math.floor((nth * trials) / pictures.length));
    const count = Math.floor(((nth + 1) * trials) / pictures.length) - first;
    if (count <= 0) continue;
    const path = join(dir, "plain.mp4");
    await write(await drawnClip(portrait, preset), null, path);
    const { found, best } = chance(await pictureOf({ path, type: "video/mp4" }), count, first);
    Object.assign(sum, { tried: sum.tried + count, found: sum.found + found, best: Math.max(sum.best, best) });
    const done = `found ${sum.found} of ${sum.tried}, best score ${sum.best.toFixed(1)}; go on with --from ${first + count}`;
    console.error(`${basename(portrait)} ${preset}: ${done}`);
  }
  rmSync(dir, { recursive: true });
  return { markdown: chanceLine(sum), failures: sum.found };
}

export function chanceLine({ tried, found, best }: { tried: number; found: number; best: number }): string {
  return `Of ${tried} keys that nothing was marked with, ${found} were found; best score ${best.toFixed(1)}.`;
}
