/** Judges a picture whose faces went through steps, beside the picture that was given. */
import { stat } from "node:fs/promises";
import type { ProcessImageCheck, ProcessImageCheckResult } from "@smileloop/core/engine/tasks/process.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { scaledSize } from "@smileloop/core/faces/scale.ts";
import sharp from "sharp";
import { findFaces } from "../face/face.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { openSource } from "../media/picture-source.ts";
import { toLuma } from "../media/planes.ts";
import type { TaskContext } from "../task.ts";
import { changesBetween, judgeChanges } from "./process-changes.ts";

/** Longest side at which pictures are compared. */
const COMPARED_SIDE = 1280;

/** Throws one of the `check_…` codes where the picture is certainly wrong, or what decoding the given one throws. */
export async function checkProcessedImage(
  { inputs, files, params }: ProcessImageCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<ProcessImageCheckResult> {
  const started = performance.now();
  const target = inputs.target[0]!;
  const given = await openSource(target.path);
  const type = resultTypeOf(target.type);
  const { type: made } = await openSource(files.image).catch(unreadable);
  if (made !== type) throw new AppError("check_wrong_shape", `The finished picture is ${made}, not ${type}.`);
  const due = scaledSize(given, params.scale);
  const side = Math.min(COMPARED_SIDE, Math.max(due.width, due.height));
  const after = await decodePicture(files.image, { maxSide: side }).catch(unreadable);
  if (after.fullWidth !== due.width || after.fullHeight !== due.height) {
    const sizes = `${after.fullWidth} × ${after.fullHeight} pixels; ${due.width} × ${due.height} were asked for`;
    throw new AppError("check_wrong_shape", `The finished picture has ${sizes}.`);
  }
  signal.throwIfAborted();
  const before = await sizedAs(after, await decodePicture(target.path, { maxSide: side }));
  const faces = [...(await findFaces(before)), ...(await findFaces(after))];
  const changes = changesBetween(lumaOf(before), lumaOf(after), faces, params.label);
  const warnings = judgeChanges([changes], { steps: params.processors, told: params.changed > 0 });
  const { size: bytes } = await stat(files.image);
  return { image: { type, ...due, bytes }, warnings, timings: { check: Math.round(performance.now() - started) } };
}

function unreadable(cause: unknown): never {
  throw new AppError("check_unreadable", "The finished picture does not decode.", { cause });
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
