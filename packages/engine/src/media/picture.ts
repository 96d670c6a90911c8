/** A decoded picture: 8 bits, sRGB, RGB interleaved, upright, no alpha. */
export type Picture = {
  width: number;
  height: number;
  /** width × height × 3 bytes. */
  data: Uint8Array;
  /** Size of the upright full picture, of which this shows `region`, perhaps scaled. */
  fullWidth: number;
  fullHeight: number;
  region: Region;
  /** EXIF orientation that the file carried, 1–8; it was applied. */
  orientation: number;
};

/** A rectangle in pixels of the upright full picture. */
export type Region = { x: number; y: number; width: number; height: number };

export type DecodeOptions = {
  /** Longest side of what comes back; it is never enlarged. */
  maxSide?: number;
  /** Part of the upright full picture; the whole by default. Rounded to whole pixels and cut to the picture. */
  region?: Region;
};

/** Decodes a JPEG or PNG file. Throws `unsupported_type`, `image_too_large`, `image_unreadable`. */
export async function decodePicture(_path: string, _options: DecodeOptions = {}): Promise<Picture> {
  throw new Error("not ready");
}
