/** Driving clips in HDR, as phones record them, show faces in the same light as others. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeHevc, HLG, type Nclx, PQ, type Rgb } from "../../../../test/support/hevc.ts";
import { ASTRONAUT } from "../../../../test/support/pictures.ts";
import { rgbOf } from "../../../../test/support/stills.ts";
import { readClip } from "./clip-reader.ts";
import type { Picture } from "./picture.ts";

let folder: string;
let rgb: Rgb;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hdr-"));
  rgb = await rgbOf(ASTRONAUT, 128, 96);
});
afterAll(() => rm(folder, { recursive: true }));

async function shown(nclx: Nclx, maxSide: number): Promise<Picture[]> {
  const path = join(folder, `${nclx.transfer}.mp4`);
  await encodeHevc(path, [rgb, rgb, rgb], { nclx, deep: true });
  const pictures: Picture[] = [];
  await readClip(path, {
    ...{ maxSeconds: 1, leastStepSeconds: 0, signal: new AbortController().signal },
    onFrame: (frame) => void pictures.push(frame.picture(maxSide)),
  });
  return pictures;
}

/** Mean light of the pixels, 0–255. */
function mean(data: Uint8Array): number {
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}

test.each([
  ["PQ", PQ],
  ["HLG", HLG],
])("%s", async (_, nclx) => {
  const pictures = await shown(nclx, 128);
  expect(pictures.length).toBeGreaterThan(1);
  for (const { width, height, data } of pictures) {
    expect([width, height]).toEqual([128, 96]);
    expect(Math.abs(mean(data) - mean(rgb.data))).toBeLessThan(12);
  }
  const [small] = await shown(nclx, 64);
  expect(small).toMatchObject({ width: 64, height: 48 });
  expect(Math.abs(mean(small!.data) - mean(rgb.data))).toBeLessThan(12);
});
