import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessImageRun } from "@smileloop/core/engine/tasks/process.ts";
import { processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import sharp, { type Sharp } from "sharp";
import { afterAll, expect, test } from "vitest";
import { ASTRONAUT, twoFaces, withExif } from "../../../../test/support/pictures.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { checkProcessedImage } from "../check/process-image.ts";
import { processImage } from "./process-image.ts";

const { signal } = new AbortController();
const context = { signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-process-image-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const BOX = processorStepSchema.parse({ name: "face_debugger", items: ["bounding-box"] });
let nth = 0;

/** The result, and what the check says of it. */
async function processed(picture: Buffer, type = "image/jpeg", more: Partial<ProcessImageRun["params"]> = {}) {
  const target = join(dir, `target-${nth}`);
  const image = join(dir, `result-${nth++}.${endingOf(resultTypeOf(type))}`);
  writeFileSync(target, picture);
  const params = { processors: [BOX], faces: "all" as const, face: 0, scale: 100, detector: { score: 0.5 }, ...more };
  const inputs = { target: [{ path: target, type }], source: [] };
  const task = { run: "r", kind: "process_image" as const, inputs };
  const execution = { providers: ["cpu"], threads: 1 };
  const made = await processImage(
    { ...task, type: "run", params: { ...params, execution }, outputs: { image }, provenance },
    context,
  );
  const judged = { ...params, changed: made.frames.changed };
  const check = (path = image) =>
    checkProcessedImage({ ...task, type: "check", params: judged, files: { image: path } }, { signal });
  return { made, image, check, checked: await check() };
}

const raw = (file: string | Buffer) => sharp(file).raw().toBuffer({ resolveWithObject: true });
const portrait = (width: number, height: number) =>
  sharp(ASTRONAUT).resize(width, height, { fit: "cover", position: "top" });

test("a JPEG becomes a JPEG of any size, upright, with the mark of the machine and nothing else", async () => {
  const turned = await withExif(await portrait(333, 501).rotate(-90).jpeg({ quality: 95 }).toBuffer());
  const upright = await sharp(turned).autoOrient().metadata();
  const { made, image, checked } = await processed(turned);
  const { format, width, height, orientation, chromaSubsampling, xmp, exif } = await sharp(image).metadata();
  expect([format, width, height]).toEqual(["jpeg", upright.width, upright.height]);
  expect([orientation, chromaSubsampling, exif]).toEqual([undefined, "4:4:4", undefined]);
  expect(String(xmp)).toMatch(/the face in this picture is synthetic/);
  expect(made).toMatchObject({ frames: { total: 1, changed: 1, left: [] }, noEffect: [] });
  expect(checked).toMatchObject({ image: { type: "image/jpeg", width, height }, warnings: [] });
});

test("a PNG stays one: what shows through stays as it was, and so does every pixel beside the lines", async () => {
  const { data, info } = await raw(await portrait(333, 333).ensureAlpha().png().toBuffer());
  // a corner that is half seen, and one that is not
  for (let y = 0; y < 40; y++) {
    for (let x = 0; x < 40; x++) {
      data[(y * 333 + x) * 4 + 3] = 128;
      data[((332 - y) * 333 + x) * 4 + 3] = 0;
    }
  }
  const { image } = await processed(await sharp(data, { raw: info }).png().toBuffer(), "image/png");
  const after = await raw(image);
  expect(after.info).toMatchObject({ format: "raw", width: 333, height: 333, channels: 4 });
  let [lines, faults] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    const same = [0, 1, 2].every((c) => data[at + c] === after.data[at + c]);
    if (data[at + 3] !== after.data[at + 3]) faults++;
    if (!same) lines++;
  }
  expect(faults).toBe(0);
  expect(lines).toBeGreaterThan(300);
  expect(lines).toBeLessThan(6000);
});

test("two faces, one of them; a scale that comes last; choices that are not there are told", async () => {
  const group = await twoFaces();
  const all = await processed(group);
  const one = await processed(group, "image/jpeg", { faces: "reference", face: 1, scale: 50 });
  const before = await sharp(group).metadata();
  expect(one.checked.image).toMatchObject({
    width: Math.round(before.width / 2),
    height: Math.round(before.height / 2),
  });
  expect(all.checked.warnings).toEqual([]);
  await expect(processed(group, "image/jpeg", { faces: "reference", face: 2 })).rejects.toMatchObject({
    code: "face_not_there",
  });
  const { made } = await processed(group, "image/jpeg", { detector: { model: "scrfd", score: 0.5 } });
  expect(made.warnings).toMatchObject([{ code: "detector_ignored" }]);
});

test("no face, a scale that leads too far, a step that is not here: an error, and nothing is left", async () => {
  const plain = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#000" } })
    .jpeg()
    .toBuffer();
  const files = () => readdirSync(dir).filter((name) => name.startsWith("result"));
  const before = files().length;
  await expect(processed(plain)).rejects.toMatchObject({ code: "no_face", input: "target" });
  const large = await portrait(1200, 1200).jpeg().toBuffer();
  await expect(processed(large, "image/jpeg", { scale: 400 })).rejects.toMatchObject({ code: "input_too_large" });
  const missing = [processorStepSchema.parse({ name: "age_modifier" })];
  await expect(processed(plain, "image/jpeg", { processors: missing })).rejects.toMatchObject({
    code: "engine_not_configured",
  });
  await expect(processed(Buffer.from("nothing"))).rejects.toMatchObject({ input: "target" });
  expect(files()).toHaveLength(before);
});

test("a result of another size, type or picture is refused", async () => {
  const { check } = await processed(await portrait(300, 300).jpeg().toBuffer());
  const path = join(dir, "wrong.jpg");
  const fails = async (picture: Sharp, code: string) => {
    await picture.toFile(path);
    await expect(check(path)).rejects.toMatchObject({ code });
  };
  await fails(portrait(299, 300).jpeg(), "check_wrong_shape");
  await fails(portrait(300, 300).png(), "check_wrong_shape");
  await fails(portrait(300, 300).negate().jpeg(), "check_changed_beside");
});
