/** An operator's FaceFusion: a picture goes through its steps. What goes in and comes out is read and written by us. */
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProcessImageResult, ProcessImageRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import { processorEntry } from "@smileloop/core/faces/processors.ts";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { requireScale, scaledSize } from "@smileloop/core/faces/scale.ts";
import sharp from "sharp";
import { chooseFace, findFaces, NO_FACE } from "../face/face.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { decodeAlpha, writePicture } from "../media/picture-file.ts";
import { toLuma } from "../media/planes.ts";
import type { TaskContext } from "../task.ts";
import { hasChanged } from "./effect.ts";
import type { Installation } from "./installation.ts";
import { throughSteps, writePng, writeSources } from "./steps.ts";

/** Longest side at which faces are looked for. */
const SEARCH_SIDE = 1280;
/** What becomes of colours on the way through another program, levels. */
const NO_EFFECT = 2;

/** Throws what decoding, FaceFusion and the writer throw, and `signal.reason`; no file is left then. */
export async function processImage(
  installation: Installation,
  { inputs, params, outputs, provenance }: ProcessImageRun,
  { signal, progress }: TaskContext,
): Promise<ProcessImageResult> {
  const started = performance.now();
  const file = inputs.target[0]!;
  const { processors: steps, scale, faces, face, detector, execution } = params;
  const picture = await blaming("target", decodePicture(file.path));
  requireScale(picture, scale);
  const folder = await mkdtemp(join(dirname(outputs.image), "facefusion-"));
  try {
    const sources = await writeSources(inputs.source, folder);
    const target = join(folder, "target.png");
    await writePng(picture, target);
    const decoded = performance.now();
    progress("render", 1, 20);
    const { path, warnings } = await throughSteps(
      installation,
      { steps, scale, target, frames: 1, sources, folder, faces, face, detector, execution },
      { signal, onShare: (share) => progress("render", 1 + 17 * share, 20) },
    );
    const now = await decodePicture(path).catch((cause: unknown) => {
      throw new AppError("engine_failed", "What FaceFusion has made does not decode.", { cause });
    });
    requireShape(picture, now);
    const changed = hasChanged(lumaOf(picture), lumaOf(await sizedAs(picture, now)), NO_EFFECT);
    const needsFaces = steps.some(({ name }) => processorEntry(name).whole !== true);
    if (!changed && needsFaces) await requireFace(file.path, faces === "reference" ? face : 0);
    const rendered = performance.now();
    progress("encode", 19, 20);
    const type = resultTypeOf(file.type);
    const alpha = type === "image/png" ? await blaming("target", decodeAlpha(file.path)) : null;
    const size = scaledSize(picture, scale);
    await writePicture(outputs.image, { was: picture, now, alpha, size, provenance, type });
    const timings = { decode: decoded - started, render: rendered - decoded, encode: performance.now() - rendered };
    return {
      outputs: { image: { type, ...size } },
      frames: { total: 1, changed: changed ? 1 : 0, left: [] },
      noEffect: changed ? [] : [...new Set(steps.map(({ name }) => name))],
      warnings,
      timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Size = { width: number; height: number };

/** Throws where the picture is not the one that was given, in this size or another. */
export function requireShape(given: Size, made: Size): void {
  const off = Math.abs(made.width * given.height - made.height * given.width);
  if (off <= 2 * Math.max(given.width, given.height)) return;
  const sizes = `${made.width} × ${made.height} pixels of ${given.width} × ${given.height}`;
  throw new AppError("engine_failed", `FaceFusion has made ${sizes}.`);
}

/** Nothing has changed: perhaps because there is no face. Throws `no_face`, `face_not_there`. */
async function requireFace(path: string, face: number): Promise<void> {
  const found = await findFaces(await decodePicture(path, { maxSide: SEARCH_SIDE }));
  if (found.length === 0) throw new AppError("no_face", NO_FACE, { input: "target" });
  chooseFace(found, face);
}

async function sizedAs({ width, height }: Picture, picture: Picture): Promise<Picture> {
  if (picture.width === width && picture.height === height) return picture;
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const data = await sharp(picture.data, { raw }).resize(width, height, { fit: "fill" }).raw().toBuffer();
  return { ...picture, width, height, data };
}

function lumaOf({ width, height, data }: Picture) {
  return { width, height, y: toLuma(data, width, height) };
}
