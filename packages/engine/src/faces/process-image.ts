/** The built-in engine: a picture's faces go through steps. Places are in pixels of the upright full picture. */
import type { ProcessImageResult, ProcessImageRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { requireScale, scaledSize } from "@smileloop/core/faces/scale.ts";
import { chooseFace, faceAt, findFaces, NO_FACE } from "../face/face.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { decodeAlpha, writePicture } from "../media/picture-file.ts";
import type { TaskContext } from "../task.ts";
import { warnOfChoices } from "./choices.ts";
import { isFree } from "./clear.ts";
import { openPipeline } from "./pipeline.ts";
import type { Clip, Scene, SceneFace } from "./processor.ts";
import { readSources } from "./sources.ts";

/** Longest side at which faces are looked for. */
const SEARCH_SIDE = 2048;

/** Throws what decoding, the steps and the writer throw, and `signal.reason`; no file is left then. */
export async function processImage(
  { inputs, params, outputs, provenance }: ProcessImageRun,
  { signal, progress }: TaskContext,
): Promise<ProcessImageResult> {
  const started = performance.now();
  const file = inputs.target[0]!;
  const picture = await blaming("target", decodePicture(file.path));
  requireScale(picture, params.scale);
  const sources = await readSources(inputs.source);
  const decoded = performance.now();
  progress("detect", 1, 10);
  const found = await scenesFaces(file.path, picture, params);
  const detected = performance.now();
  signal.throwIfAborted();
  progress("render", 3, 10);
  const scene = (): Scene => ({
    frame: { ...picture, data: new Uint8Array(picture.data) },
    faces: found,
    index: 0,
    seconds: 0,
  });
  const { width, height } = picture;
  const clip: Clip = { ...{ width, height, frames: 1, fps: 1, scale: params.scale }, sceneAt: async () => scene() };
  const pipeline = await openPipeline({ steps: params.processors, clip, sources, signal });
  try {
    if (pipeline.needsFaces && found.length === 0) throw new AppError("no_face", NO_FACE, { input: "target" });
    const { frame } = await pipeline.apply(scene());
    const rendered = performance.now();
    progress("encode", 9, 10);
    const { left, changed, ...outcome } = pipeline.outcome();
    const type = resultTypeOf(file.type);
    const alpha = type === "image/png" ? await blaming("target", decodeAlpha(file.path)) : null;
    const size = scaledSize(picture, params.scale);
    await writePicture(outputs.image, { was: picture, now: frame, alpha, size, provenance, type });
    const timings = {
      ...{ decode: decoded - started, detect: detected - decoded, render: rendered - detected },
      encode: performance.now() - rendered,
    };
    return {
      outputs: { image: { type, ...size } },
      frames: { total: 1, changed, left },
      ...outcome,
      warnings: [...warnOfChoices(params.detector, params.execution), ...outcome.warnings],
      timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
    };
  } finally {
    pipeline.free();
  }
}

/** The faces that are to be worked on, largest first. Throws `face_not_there`. */
async function scenesFaces(
  path: string,
  picture: Picture,
  { faces, face, detector }: Pick<ProcessImageRun["params"], "faces" | "face" | "detector">,
): Promise<SceneFace[]> {
  const large = Math.max(picture.width, picture.height) > SEARCH_SIDE;
  const looked = large ? await decodePicture(path, { maxSide: SEARCH_SIDE }) : picture;
  const by = picture.width / looked.width;
  const found = (await findFaces(looked)).filter(({ score }) => score >= detector.score);
  const chosen = faces === "all" || found.length === 0 ? found : [chooseFace(found, faces === "reference" ? face : 0)];
  const scene: SceneFace[] = [];
  for (const each of chosen) {
    const { x, y, size, angle } = each.crop;
    const crop = { x: x * by, y: y * by, size: size * by, angle };
    const read = large ? await faceAt(picture, crop, each.score) : each;
    scene.push({ ...read, track: found.indexOf(each), clear: await isFree(picture, read) });
  }
  return scene;
}
