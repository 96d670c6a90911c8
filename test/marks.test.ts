/** The mark goes the whole way: the worker's tile, the engine's writer, an encoder of somebody else's, the service, the search. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMark } from "@smileloop/worker/marking/find.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS, attacked, type Frames, framesOf } from "../tools/quality/marks/attacks.ts";
import { KEY, orderOf, PAYLOAD, pictureOf, write } from "../tools/quality/marks/figures.ts";
import { ASTRONAUT } from "./support/pictures.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-marks-"));
const SIDE = 512;
let clip: Frames;

beforeAll(async () => {
  const grey = await sharp(ASTRONAUT).resize(SIDE, SIDE, { fit: "cover" }).grayscale().raw().toBuffer();
  const frame = new Uint8Array((SIDE * SIDE * 3) / 2).fill(128);
  for (let i = 0; i < SIDE * SIDE; i++) frame[i] = 16 + (grey[i]! * 219) / 255;
  clip = { width: SIDE, height: SIDE, frames: Array.from({ length: 6 }, () => frame) };
});
afterAll(() => rmSync(dir, { recursive: true }));

const found = { found: true, keyId: KEY.id, payload: PAYLOAD };

test("a file tells who made it, also after it was encoded again and cropped", async () => {
  const path = join(dir, "own.mp4");
  await write(clip, orderOf(), path);
  expect(findMark(await pictureOf({ path, type: "video/mp4" }), [KEY])).toEqual(found);
  const marked = await framesOf(path);
  for (const name of ["x264, crf 28", "10 % cropped, crf 26"]) {
    const attack = ATTACKS.find((each) => each.name === name)!;
    const file = await attacked(marked, attack, join(dir, "attacked"));
    expect(findMark(await pictureOf(file), [KEY]), name).toEqual(found);
  }
});

test("a file without a mark says nothing", async () => {
  const path = join(dir, "plain.mp4");
  await write(clip, null, path);
  expect(findMark(await pictureOf({ path, type: "video/mp4" }), [KEY])).toEqual({ found: false });
});
