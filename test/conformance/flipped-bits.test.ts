/** Whatever bit of the pictures, the sound or their index is flipped in a signed MP4, the reader tells. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { afterAll, expect, test } from "vitest";
import { stillClip } from "../support/clips.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { openSignedFiles } from "../support/signed-files.ts";

const FLIPS = 700;
const MP4 = "video/mp4";

const files = openSignedFiles();
afterAll(() => files.close());

test(`${FLIPS} flips of single bits in moov and mdat are all told`, async () => {
  const signed = await files.sign(MP4, await stillClip(ASTRONAUT, 25));
  expect(await files.verdict(MP4, signed)).toBe("ours");
  const boxes = boxesIn(signed);
  const random = randomFrom(7);
  const missed: string[] = [];
  for (let flip = 0; flip < FLIPS; flip++) {
    const type = flip % 2 === 0 ? "moov" : "mdat";
    const { from, to } = boxes.get(type)!;
    const bit = Math.floor(random() * (to - from) * 8);
    const at = from + (bit >> 3);
    signed[at]! ^= 1 << (bit & 7);
    const verdict = await files.verdict(MP4, signed);
    if (verdict !== "broken") missed.push(`${type} byte ${at - from}, bit ${bit & 7}: ${verdict}`);
    signed[at]! ^= 1 << (bit & 7);
  }
  expect(missed).toEqual([]);
  expect(await files.verdict(MP4, signed)).toBe("ours");
});

/** With their heads. */
function boxesIn(file: Buffer): Map<string, { from: number; to: number }> {
  const found = new Map<string, { from: number; to: number }>();
  for (let from = 0; from < file.length; ) {
    const to = from + file.readUInt32BE(from);
    found.set(file.toString("latin1", from + 4, from + 8), { from, to });
    from = to;
  }
  return found;
}
