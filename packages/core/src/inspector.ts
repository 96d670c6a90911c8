/**
 * The port to what looks at a picture before any job: the API checks the file's header and never decodes it. Locally an engine process
 * beside those of the workers does it, on AWS a worker's function.
 */
import { z } from "zod";
import { type InspectResult, inspectResultSchema } from "./engine/services.ts";
import { AppError, errorCodeSchema } from "./errors.ts";
import type { Inspection } from "./wire/inspection.ts";

/** A file whose header was checked; `etag` is the very content. */
export const storedPictureSchema = z.strictObject({
  key: z.string(),
  etag: z.string(),
  type: z.string(),
  bytes: z.int(),
});
export type StoredPicture = z.infer<typeof storedPictureSchema>;

export interface Inspector {
  /**
   * Throws what is wrong with the picture (`PICTURE_FAULTS`), `not_found` and `precondition_failed` where the file has changed,
   * `too_many_requests` and `unavailable` with a time to try again.
   */
  inspect(picture: StoredPicture, options: { owner: string; signal: AbortSignal }): Promise<InspectResult>;
}

/** What an engine may say of a picture. */
export const PICTURE_FAULTS = ["empty_file", "unsupported_type", "input_unreadable", "input_too_large"] as const;

/** How a worker's function is asked, and what it answers. */
export const inspectEventSchema = z.strictObject({ inspect: storedPictureSchema });
export type InspectEvent = z.infer<typeof inspectEventSchema>;
export const failedReplySchema = z.strictObject({
  error: z.strictObject({ code: errorCodeSchema, detail: z.string(), retryAfterSeconds: z.number().optional() }),
});
type FailedReply = z.infer<typeof failedReplySchema>;
export const inspectReplySchema = z.union([z.strictObject({ result: inspectResultSchema }), failedReplySchema]);
export type InspectReply = z.infer<typeof inspectReplySchema>;

/** What the function answers. What is not meant for clients is thrown again: it is an error of the function, too. */
export async function replyOf<Result>(asked: Promise<Result>): Promise<{ result: Result } | FailedReply> {
  try {
    return { result: await asked };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message: detail, retryAfterSeconds } = error;
    return { error: { code, detail, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) } };
  }
}

/** As clients see it: whole pixels, tenths of degrees and of the eyes' distance, hundredths of shares. */
export function viewInspection(
  { width, height, orientation, faces, warnings }: InspectResult,
  { type, bytes }: Pick<StoredPicture, "type" | "bytes">,
): Inspection {
  return {
    ...{ type, bytes, width, height, orientation },
    faces: faces.map((face) => ({
      box: boxOf(face.box),
      eye_distance: toTenths(face.eyeDistance),
      confidence: toHundredths(face.score),
      angles: { pitch: toTenths(face.pitch), yaw: toTenths(face.yaw), roll: toTenths(face.roll) },
      sharpness: toHundredths(face.sharpness),
      glasses: face.glasses,
      occlusion: face.hidden,
      moves: face.moves,
      warnings: face.warnings,
    })),
    warnings,
  };
}

/** In whole pixels, and no smaller. */
function boxOf({ x, y, width, height }: InspectResult["faces"][number]["box"]): Inspection["faces"][number]["box"] {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  return { x: left, y: top, width: Math.ceil(x + width) - left, height: Math.ceil(y + height) - top };
}

/** Without a negative zero. */
const toTenths = (value: number): number => Math.round(value * 10) / 10 + 0;
const toHundredths = (value: number): number => Math.round(value * 100) / 100;
