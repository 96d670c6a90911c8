import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessImageRun, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { type ProcessorStep, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { askedOf, type Behaviour, standInFacefusion } from "../../../../test/support/facefusion.ts";
import { cutout, writeFilm } from "../../../../test/support/films.ts";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { checkProcessedImage } from "../check/process-image.ts";
import { checkProcessedVideo } from "../check/process-video.ts";
import { readInstallation } from "./installation.ts";
import { processImage } from "./process-image.ts";
import { processVideo } from "./process-video.ts";

const { signal } = new AbortController();
const dir = mkdtempSync(join(tmpdir(), "smileloop-facefusion-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const step = (given: { name: ProcessorStep["name"] }) => processorStepSchema.parse(given);
const SWAP = step({ name: "face_swapper" });
const MARK = "http://cv.iptc.org/newscodes/digitalsourcetype/";
let jobs = 0;

function place(behaviour: Behaviour) {
  const folder = join(dir, `job-${jobs++}`);
  mkdirSync(folder);
  return { folder, installed: readInstallation(standInFacefusion(join(dir, `installation-${jobs}`), behaviour)) };
}

type Given = { path: string; type: string; scale?: number; processors?: ProcessorStep[]; behaviour?: Behaviour };

async function image({ path, type, scale = 100, processors = [SWAP], behaviour = {} }: Given) {
  const { folder, installed } = place(behaviour);
  const params = { processors, faces: "largest" as const, face: 0, detector: { score: 0.5 }, scale };
  const source = [{ path: GRACE_HOPPER, type: "image/jpeg" }];
  const task = { run: "r", kind: "process_image" as const, inputs: { target: [{ path, type }], source } };
  const made = join(folder, `result.${type === "image/jpeg" ? "jpg" : "png"}`);
  const execution = { providers: ["cpu"], threads: 1 };
  const request: ProcessImageRun = {
    ...task,
    type: "run",
    params: { ...params, execution },
    outputs: { image: made },
    provenance,
  };
  const shares: number[] = [];
  const installation = await installed;
  const context = { signal, progress: (_: string, done: number, total: number) => void shares.push(done / total) };
  const result = await processImage(installation, request, context).catch((error: unknown) => {
    expect(readdirSync(folder)).toEqual([]);
    throw error;
  });
  expect(readdirSync(folder)).toEqual([made.slice(folder.length + 1)]);
  const asked = { ...params, changed: result.frames.changed };
  const checked = await checkProcessedImage(
    { ...task, type: "check", params: asked, files: { image: made } },
    { signal },
  );
  return { result, checked, made, shares, asked: askedOf(installation.root) };
}

test("a picture goes through FaceFusion and comes out in our form: size, type, mark, and nothing left behind", async () => {
  const { result, checked, made, shares, asked } = await image({ path: ASTRONAUT, type: "image/jpeg", scale: 33 });
  const { width, height } = await sharp(ASTRONAUT).metadata();
  const size = { width: Math.round(width * 0.33), height: Math.round(height * 0.33) };
  expect(result).toMatchObject({
    outputs: { image: { type: "image/jpeg", ...size } },
    frames: { changed: 1 },
    noEffect: [],
  });
  expect(checked.image).toMatchObject(size);
  expect(`${(await sharp(made).metadata()).xmp}`).toContain(MARK);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(asked).toHaveLength(1);
  expect(asked[0]!.given["--source-paths"]).toHaveLength(1);
});

test("a PNG keeps its alpha, a step that comes twice is done twice, and what is made larger is not made small before", async () => {
  const path = join(dir, "cut.png");
  const alpha = { create: { width: 64, height: 64, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } } };
  await sharp(ASTRONAUT)
    .ensureAlpha()
    .composite([{ input: alpha, left: 0, top: 0, blend: "dest-in", tile: false }])
    .png()
    .toFile(path);
  const processors = [SWAP, step({ name: "frame_enhancer" }), SWAP];
  const { result, made, asked } = await image({ path, type: "image/png", processors, scale: 120 });
  expect(result.outputs.image.type).toBe("image/png");
  expect((await sharp(made).metadata()).hasAlpha).toBe(true);
  expect(asked.map(({ given }) => [given["--processors"], given["--output-image-scale"]])).toEqual([
    [["face_swapper", "frame_enhancer"], ["1.25"]],
    [["face_swapper"], ["1.0"]],
  ]);
});

test("what has changed nothing is said, and where there is no face that", async () => {
  const { result } = await image({ path: ASTRONAUT, type: "image/jpeg", behaviour: { paints: false } });
  expect(result).toMatchObject({ frames: { total: 1, changed: 0 }, noEffect: ["face_swapper"] });
  const path = join(dir, "plain.png");
  await sharp({ create: { width: 200, height: 200, channels: 3, background: "#888" } })
    .png()
    .toFile(path);
  const plain = image({ path, type: "image/png", behaviour: { paints: false } });
  await expect(plain).rejects.toMatchObject({ code: "no_face", input: "target" });
  await expect(image({ path, type: "image/png", behaviour: { behaves: "fails" } })).rejects.toThrow(
    "FaceFusion failed",
  );
});

test("a video goes through FaceFusion with the frames that the result has", async () => {
  const path = join(dir, "film.mp4");
  const astronaut = await cutout(ASTRONAUT, 256, 256);
  await writeFilm({ path, width: 320, height: 256, frames: 12, show: () => [{ picture: astronaut, x: 30, y: 0 }] });
  const video = async (behaviour: Behaviour) => {
    const { folder, installed } = place(behaviour);
    const spec = { width: 160, height: 128, fps: 25, frames: 10 };
    const params = { processors: [SWAP], faces: "all" as const, face: 0, detector: { score: 0.5 }, spec };
    const inputs = { target: [{ path, type: "video/mp4" }], source: [{ path: GRACE_HOPPER, type: "image/jpeg" }] };
    const task = { run: "r", kind: "process_video" as const, inputs };
    const outputs = { video: join(folder, "result.mp4"), poster: { path: join(folder, "poster.jpg"), frame: 5 } };
    const execution = { providers: ["cpu"], threads: 1 };
    const request: ProcessVideoRun = { ...task, type: "run", params: { ...params, execution }, outputs, provenance };
    const result = await processVideo(await installed, request, { signal, progress() {} });
    expect(readdirSync(folder).sort()).toEqual(["poster.jpg", "result.mp4"]);
    const asked = { ...params, changed: result.frames.changed };
    const checked = await checkProcessedVideo({ ...task, type: "check", params: asked, files: outputs }, { signal });
    return { result, checked };
  };
  const { result, checked } = await video({});
  expect(result).toMatchObject({ frames: { total: 10, changed: 10, left: [] }, noEffect: [] });
  expect(checked.video).toMatchObject({ width: 160, height: 128, frames: 10 });
  const none = await video({ paints: false });
  expect(none.result).toMatchObject({ frames: { changed: 0 }, noEffect: ["face_swapper"] });
});
