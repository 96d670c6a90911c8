import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { correlation, distance, measuredCurves } from "./curves.ts";
import type { Figures, Metric } from "./metrics.ts";
import { type PresetFigures, portraitFigures } from "./portrait.ts";

/**
 * What was measured when somebody last looked at the clips and liked them:
 * `npm run quality -- --portraits test/fixtures --portrait hopper --out DIR --size 256 --fps 12 --baseline`.
 */
const baseline = JSON.parse(readFileSync(new URL("./baseline.json", import.meta.url), "utf8")) as Record<
  string,
  Record<string, Figures>
>;
const photo = fileURLToPath(new URL("../../test/fixtures/grace_hopper.jpg", import.meta.url));

/**
 * How far a figure may fall behind: a few times what it changes by when only the encoder or a rounding differs, and less than
 * half of what a lost channel, a blurred kernel or a moving background costs. The sign says which way is worse.
 */
const SLACK: Partial<Record<Metric, number>> = {
  correlation: -0.05,
  amplitude: -0.8,
  aperture: 0.1,
  sharpness: -0.12,
  jerk: 0.15,
  seam: 0.3,
  still: -0.001,
  stillPsnr: -0.3,
  shape: 0.8,
  colour: 1.5,
};

let dir: string;
let presets: PresetFigures[];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "quality-test-"));
  presets = await portraitFigures(photo, ["big_smile", "blink"], { size: 256, fps: 12 }, dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each(["big_smile", "blink"])("%s is as good as it was", (name) => {
  const before = baseline.grace_hopper![name]!;
  const now = presets.find((preset) => preset.name === name)!.figures;
  for (const [metric, slack] of Object.entries(SLACK) as [Metric, number][]) {
    const was = before[metric];
    if (was === undefined) continue;
    const worse = slack < 0 ? was + slack - now[metric]! : now[metric]! - (was + slack);
    expect(worse, `${metric} was ${was}, is ${now[metric]}`).toBeLessThanOrEqual(0);
  }
});

test("a smile and a blink are told apart by their curves, a clip and itself are not", () => {
  const [smile, blink] = presets.map(({ clip }) => measuredCurves(clip));
  expect(distance(smile!, blink!)).toBeGreaterThan(0.3);
  expect(distance(smile!, smile!)).toBeLessThan(0.01);
});

test("correlation is 1 for the same shape, whatever its size, and 0 where nothing moves", () => {
  expect(correlation([0, 1, 2, 1], [5, 7, 9, 7])).toBeCloseTo(1);
  expect(correlation([0, 1, 2, 1], [3, 3, 3, 3])).toBe(0);
});
