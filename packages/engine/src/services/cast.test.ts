import { copyFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CastParams, castResultSchema } from "@smileloop/core/engine/services.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ASTRONAUT, COFFEE, GRACE_HOPPER, twelveMegapixels, twoFaces } from "../../../../test/support/pictures.ts";
import { readCast } from "../cast/read-cast.ts";
import { openPhoto } from "../check/photo.ts";
import { findFaces } from "../face/face.ts";
import { decodePicture } from "../media/picture.ts";
import { cast } from "./cast.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cast-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function castIn(path: string, params: Partial<CastParams> = {}) {
  const inputs = { image: [{ path, type: "image/jpeg" }] };
  const request = { type: "cast" as const, run: "1", inputs, params: { size: 256 as const, face: 0, ...params } };
  return castResultSchema.parse(await cast(request, { signal: new AbortController().signal }));
}

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

test("says who moves, with five points, and which part becomes the frame, in pixels of the full picture", async () => {
  const { cast, warnings } = await castIn(fileOf("large.jpg", await twelveMegapixels()), { size: 512 });
  expect(cast).toMatchObject({ picture: { width: 4000, height: 3000 }, faces: 1, frame: { width: 512, height: 512 } });
  expect(warnings).toEqual([]);
  const [{ crop, points, index, ease }] = cast.movers as [(typeof cast.movers)[0]];
  expect({ index, ease }).toEqual({ index: 0, ease: { all: 1, eyes: 1, head: 1 } });
  const [right, left, nose, mouthRight, mouthLeft] = points as [number, number][] & { length: 5 };
  expect(left![0] - right![0]).toBeGreaterThan(300);
  expect(mouthLeft![0]).toBeGreaterThan(mouthRight![0]);
  expect(nose![1]).toBeGreaterThan(right![1]);
  expect(mouthRight![1]).toBeGreaterThan(nose![1]);
  for (const [x, y] of points) expect(Math.hypot(x - crop.x, y - crop.y)).toBeLessThan(crop.size / 2);
});

test("a face is read where the cast says as it was found", async () => {
  const path = fileOf("two.jpg", await twoFaces());
  const { cast } = await castIn(path, { size: "source", face: "all" });
  const picture = await decodePicture(path, { maxSide: 1280 });
  const found = await findFaces(picture);
  const read = await readCast(picture, JSON.parse(JSON.stringify(cast)));
  expect(read.map(({ index }) => index)).toEqual([0, 1]);
  for (const { index, face } of read) expect(face).toEqual(found[index]);
});

test("says that the frame is enlarged", async () => {
  const { cast, warnings } = await castIn(ASTRONAUT, { size: 1024 });
  expect(cast.frame.enlarged).toBeGreaterThan(1.9);
  expect(warnings.map(({ code }) => code)).toEqual(["enlarged"]);
});

test.each([
  ["no face", COFFEE, {}, "no_face"],
  ["a face that is not there", GRACE_HOPPER, { face: 3 }, "face_not_there"],
  ["what is not a picture", "package.json", {}, "unsupported_type"],
] as const)("%s is refused, and the slot named", async (_what, path, params, code) => {
  await expect(castIn(path, params)).rejects.toMatchObject({ code, input: "image" });
});

test("the next check of a picture that was cast does not decode it again, the one after it does", async () => {
  const path = join(dir, "once.jpg");
  copyFileSync(ASTRONAUT, path);
  utimesSync(path, 1, 1);
  const { cast } = await castIn(path);
  // the same file, as far as its size and its times tell
  writeFileSync(path, Buffer.alloc(statSync(path).size, "x"));
  utimesSync(path, 1, 1);
  const { picture, movers, readable } = await openPhoto(path, JSON.parse(JSON.stringify(cast)));
  expect(picture).toMatchObject({ width: 512, height: 512 });
  expect(readable).toEqual([true]);
  const fresh = await decodePicture(ASTRONAUT);
  expect(movers).toEqual(await readCast(fresh, cast));
  await expect(openPhoto(path, cast)).rejects.toMatchObject({ code: "unsupported_type" });
});

test("what was opened ahead is not taken for another cast of the picture", async () => {
  const path = join(dir, "other.jpg");
  copyFileSync(ASTRONAUT, path);
  const { cast } = await castIn(path);
  const [mover] = cast.movers;
  const other = { ...cast, movers: [{ ...mover!, crop: { ...mover!.crop, size: mover!.crop.size * 1.1 } }] };
  const { movers } = await openPhoto(path, other);
  expect(movers[0]!.crop.size).toBe(other.movers[0]!.crop.size);
});

test("a file that has changed is decoded again", async () => {
  const path = join(dir, "changed.jpg");
  copyFileSync(ASTRONAUT, path);
  const { cast } = await castIn(path);
  copyFileSync(GRACE_HOPPER, path);
  await expect(openPhoto(path, cast)).rejects.toThrow("512 × 512 pixels, not 512 × 600");
});

test("makes a JPEG of any picture but JPEG and PNG where it may, and decides by that", async () => {
  const webp = fileOf("photo.jpg", await sharp(ASTRONAUT).webp({ quality: 95 }).toBuffer());
  const output = join(dir, "picture.jpg");
  const signal = new AbortController().signal;
  const asked = (path: string) => ({
    ...{ type: "cast" as const, run: "1", inputs: { image: [{ path, type: "image/webp" }] } },
    ...{ params: { size: 256 as const, face: 0 }, outputs: { image: output } },
  });
  const { image, cast: decided } = castResultSchema.parse(await cast(asked(webp), { signal }));
  expect(image).toEqual({ path: output, type: "image/jpeg" });
  expect(await decodePicture(output)).toMatchObject({ width: 512, height: 512 });
  expect(decided).toEqual((await castIn(output)).cast);
  expect(castResultSchema.parse(await cast(asked(ASTRONAUT), { signal })).image).toBeUndefined();
});
