/**
 * The marks in pictures that a machine has made: an invisible one, which tells after re-encoding where a file came from, and a label that
 * people see. What a worker orders of an engine, what the record keeps, and what is found in a file (docs/marks.md).
 */
import { z } from "zod";

/** Samples on a side of the tile that repeats over the picture, whose longer side has `SPACE_SIDE` of them. */
export const TILE_SIDE = 128;
export const SPACE_SIDE = 512;
/** Of the tile's samples, Int8: so many are one standard deviation. */
export const TILE_UNIT = 32;

const TILE_BYTES = TILE_SIDE * TILE_SIDE;

/**
 * What an engine adds to all pictures of a job. `tile`: Int8 samples row by row, in base64; it is made for this job alone, so that engines
 * never hold a key. `label`: whether a sign that says "AI" is drawn, too.
 */
export const markOrderSchema = z.strictObject({
  tile: z.base64().length(Math.ceil(TILE_BYTES / 3) * 4, { error: `must be the base64 of ${TILE_BYTES} bytes` }),
  label: z.boolean(),
});
export type MarkOrder = z.infer<typeof markOrderSchema>;

/** The key by its id, and what the mark says: a random number of 32 bits that leads to the job. */
const watermarkSchema = z.strictObject({ key: z.string().max(64), payload: z.int().min(0).max(0xffffffff) });
export type Watermark = z.infer<typeof watermarkSchema>;

/** A signature in the file (C2PA): the label of its manifest, and the SHA-256 of the signer's certificate. */
const signatureMarkSchema = z.strictObject({ instance: z.string().max(100), leaf: z.string().max(64) });
export type SignatureMark = z.infer<typeof signatureMarkSchema>;

/** Why a picture has no mark: no machine has made anything in it, or its pixels are the given ones, copied as they were. */
const UNMARKED = ["not_synthetic", "copied"] as const;
export type Unmarked = (typeof UNMARKED)[number];

/** Why a file has no signature: files of its type have no place for one. */
const UNSIGNED = ["type"] as const;

/**
 * How an output is marked, as its record keeps it. `watermark`: null where it has none, and `unmarked` says why; absent where there is
 * no picture. `c2pa`: null where the file has no signature, and `unsigned` says why. Other layers have members of their own.
 */
export const outputMarkSchema = z.looseObject({
  watermark: watermarkSchema.nullable().optional(),
  unmarked: z.enum(UNMARKED).optional(),
  label: z.boolean().optional(),
  c2pa: signatureMarkSchema.nullable().optional(),
  unsigned: z.enum(UNSIGNED).optional(),
});
export type OutputMark = z.infer<typeof outputMarkSchema>;

/** `found`: whether the file carries a mark of this installation. `payload` only where it could be read without a doubt. */
export type FoundMark = { found: boolean; payload?: number; keyId?: string };

/**
 * Looks for a mark in a picture or video, which may be anything: it is decoded in an engine process. Throws what is wrong with the file
 * (`input_unreadable`, `unsupported_type`, `input_too_large`), and the signal's reason.
 */
export type FindMark = (path: string, options: { type: string; signal: AbortSignal }) => Promise<FoundMark>;
