/** Maximum sizes that decoders are given, whatever a slot says. */

export const PICTURE_LIMITS = { maxPixels: 100_000_000, maxSide: 16_384 } as const;
export const CLIP_LIMITS = { maxPixels: 4096 * 2304, maxSide: 4096 } as const;
/** Of a picture that is decoded in several passes or turned: an engine of 1 GiB has its models in the rest. */
export const DECODER_BYTES = 640 * 1024 * 1024;
/** Duration of the longest talking video, seconds: at 60 frames a second it has as many frames as a motion may have. */
export const MAX_VIDEO_SECONDS = 300;
