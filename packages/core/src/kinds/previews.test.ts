import { expect, test } from "vitest";
import { kindsWith } from "../../../../test/support/kinds.ts";
import { PRESETS } from "../../../../test/support/presets.ts";

const previews = kindsWith(PRESETS, ["warp"]).get("previews")!;
const all = [...PRESETS.keys()];

test("makes all presets by default, in the catalogue's order, with a seed of the job's id", () => {
  const params = previews.params.parse({});
  expect(params).toEqual({ presets: all, size: 256, face: 0 });
  expect(previews.outputs).toEqual(all);
  expect(previews.resolveParams(params, `${"0".repeat(24)}000000ff`)).toMatchObject({ seed: 255 });
  expect(previews.resolveParams({ ...params, seed: 7 }, "0".repeat(32))).toMatchObject({ seed: 7 });
});

test("keeps the order that was asked for, and takes as much work as there are clips", () => {
  const params = previews.params.parse({ presets: ["wink", "blink"] });
  expect(params.presets).toEqual(["wink", "blink"]);
  const estimate = (given: object) => previews.estimateSeconds(previews.params.parse(given), {});
  expect(estimate({})).toBeGreaterThan(estimate({ presets: ["wink"] }));
  expect(estimate({ size: 384 })).toBeGreaterThan(estimate({ size: 128 }));
});
