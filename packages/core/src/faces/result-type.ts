/** Formats of pictures that keep every pixel, or of which one does not know; their results do as well, with what shows through. */
const TO_PNG = ["image/png", "image/webp", "image/gif", "image/bmp", "image/tiff"];

/** The media type of a result by that of its target: a PNG of what may have been drawn or cut out, a JPEG of what cameras write. */
export function resultTypeOf(type: string): "image/jpeg" | "image/png" {
  return TO_PNG.includes(type) ? "image/png" : "image/jpeg";
}
