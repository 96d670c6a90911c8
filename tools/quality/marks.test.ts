/** What the invisible mark is promised to stand (docs/marks.md), on three clips. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../test/support/pictures.ts";
import { ATTACKS, type Frames } from "./marks/attacks.ts";
import { chance, costOf } from "./marks/cost.ts";
import { drawnClip } from "./marks/drawn.ts";
import { pictureOf, type Reading, readings, write } from "./marks/figures.ts";
import { attackRows } from "./marks/index.ts";

/** Of a face that smiles, a head that turns, and a body that breathes: for the encoder, each is another part of the picture that moves. */
const CLIPS = [
  [GRACE_HOPPER, "big_smile"],
  [GRACE_HOPPER, "look_around"],
  [ASTRONAUT, "alive"],
] as const;
const SECONDS = 2;
const HOPED = 0.6;

let dir: string;
let clips: Frames[];
const read: Reading[] = [];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "marks-test-"));
  clips = [];
  for (const [portrait, preset] of CLIPS) clips.push(await drawnClip(portrait, preset, SECONDS));
  for (const clip of clips) read.push(...(await readings(clip)));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the payload is read", () => {
  const promised = ["own file", ...ATTACKS.filter((each) => each.promised).map(({ name }) => name)];
  test.each(promised)("in each clip: %s", (attack) => {
    expect(read.filter((each) => each.attack === attack && !each.read)).toEqual([]);
  });

  test("in most of what is not promised", () => {
    const rest = attackRows(read).filter((row) => !row.promised);
    const share = rest.reduce((sum, row) => sum + row.share, 0) / rest.length;
    expect(rest.length).toBeGreaterThan(2);
    expect(share).toBeGreaterThanOrEqual(HOPED);
  });
});

test("marking makes files a fifth larger at most, and changes their luma by less than 42 dB show", async () => {
  for (const clip of clips) {
    const { more, psnr } = await costOf(clip, join(dir, "clip.mp4"));
    expect(more).toBeLessThan(0.2);
    expect(psnr).toBeGreaterThan(42);
  }
});

test("no key finds a mark in what has none", async () => {
  const path = join(dir, "plain.mp4");
  await write(clips[0]!, null, path);
  expect(chance(await pictureOf({ path, type: "video/mp4" }), 300)).toMatchObject({ found: 0 });
});
