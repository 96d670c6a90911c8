/** The service `luma`: what an invisible mark is looked for in, out of a picture or video that may be anything. */
import { z } from "zod";
import { SPACE_SIDE } from "../marking/mark.ts";
import { filePathSchema, fileSchema, runIdSchema, timingsSchema } from "./protocol.ts";

/** Of each result: the mean of all frames that were looked at, and of a few parts of a video in turn. */
export const MAX_LUMA_PICTURES = 4;

/**
 * Of a picture (`image/…`; of one that moves, all of it where it is read, else the first), or of at most 16 frames all over a video. Fails with what reading a
 * file throws; it does not name a slot.
 */
const lumaRequestSchema = z.strictObject({
  type: z.literal("luma"),
  run: runIdSchema,
  inputs: z.strictObject({ file: z.array(fileSchema).length(1) }),
  outputs: z.strictObject({ luma: filePathSchema }),
});
export type LumaRequest = z.infer<typeof lumaRequestSchema>;

const side = z.int().min(1).max(SPACE_SIDE);

/** The file has the pictures one after the other: rows of 32-bit floats, little-endian, limited range. */
export const lumaResultSchema = z.strictObject({
  pictures: z
    .array(z.strictObject({ width: side, height: side }))
    .min(1)
    .max(MAX_LUMA_PICTURES),
  timings: timingsSchema,
});
export type LumaResult = z.infer<typeof lumaResultSchema>;

export const LUMA_SERVICE = { luma: { request: lumaRequestSchema, result: lumaResultSchema } };

export type LumaPicture = { width: number; height: number; data: Float32Array };

/** The pictures of a file that the service has written. Throws where it has another size. */
export function readLuma(bytes: Uint8Array, pictures: LumaResult["pictures"]): LumaPicture[] {
  const total = pictures.reduce((sum, { width, height }) => sum + width * height, 0);
  if (bytes.length !== 4 * total) throw new Error(`the luma has ${bytes.length} bytes, not ${4 * total}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  return pictures.map(({ width, height }) => {
    const data = Float32Array.from({ length: width * height }, (_, i) => view.getFloat32(at + 4 * i, true));
    at += 4 * data.length;
    return { width, height, data };
  });
}
