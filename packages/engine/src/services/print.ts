/** The service `print`: prints of pictures and videos, and of the faces in them, by which what is blocked is known again. */
import { PRINT_SIDE, type Prints, printsOf } from "@smileloop/core/blocked/prints.ts";
import type { PrintRequest, PrintResult } from "@smileloop/core/engine/print-service.ts";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import sharp from "sharp";
import { type Face, findFaces } from "../face/face.ts";
import { cropTensor } from "../face/sample.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { readFilm } from "../media/film-reader.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import type { TaskContext } from "../task.ts";

/** Longer side of what is looked at, pixels: a face of a tenth of it is still found. */
const SIDE = 1024;
const MAX_FACES = 8;
const MAX_SECONDS = 300;
const GREY = { scale: 1, offset: 0, outside: "border" } as const;

/** Throws what `decodePicture` and `readFilm` throw, and the signal's reason. */
export async function print(
  { inputs: { files }, limits }: PrintRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<PrintResult> {
  const started = performance.now();
  const found: Prints[][] = [];
  const maxSeconds = Math.min(MAX_SECONDS, limits?.seconds ?? MAX_SECONDS);
  for (const file of files) {
    signal.throwIfAborted();
    found.push(await printsOfFile(file, { maxSeconds, signal }));
  }
  return { files: found, timings: { print: Math.round(performance.now() - started) } };
}

async function printsOfFile(
  { path, type }: EngineFile,
  { maxSeconds, signal }: { maxSeconds: number; signal: AbortSignal },
): Promise<Prints[]> {
  if (!type.startsWith("video/")) {
    const picture = await decodePicture(path, { maxSide: SIDE });
    return printsOfPicture(picture, await findFaces(picture));
  }
  const found: Prints[] = [];
  let next = 0;
  await readFilm(path, {
    ...{ signal, maxSeconds },
    onFrame: async ({ seconds, yuv }, shape) => {
      if (seconds < next) return;
      const picture = shrunkPicture({ yuv: yuv(), ...shape }, { x: 0, y: 0, ...shape }, SIDE / 2);
      found.push(...(await printsOfPicture(picture, next === 0 ? await findFaces(picture) : [])));
      next = Math.floor(seconds + 1);
    },
  });
  return found;
}

/** Of the whole, and of the largest of its faces. */
export async function printsOfPicture(picture: Picture, faces: readonly Pick<Face, "crop">[]): Promise<Prints[]> {
  const ofFaces = faces.slice(0, MAX_FACES).map(({ crop }): Prints => {
    return { of: "face", prints: printsOf(lumaOf(cropTensor(picture, crop, PRINT_SIDE, GREY))) };
  });
  return [await wholeOf(picture), ...ofFaces];
}

/** Squeezed into the square, as all pictures are. */
async function wholeOf({ data, width, height }: Pick<Picture, "data" | "width" | "height">): Promise<Prints> {
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  const grey = image.resize(PRINT_SIDE, PRINT_SIDE, { fit: "fill", kernel: "cubic" }).grayscale().raw();
  return { of: "whole", prints: printsOf(await grey.toBuffer()) };
}

function lumaOf(rgb: Float32Array): Float32Array {
  return Float32Array.from({ length: rgb.length / 3 }, (_, at) => {
    return 0.299 * rgb[3 * at]! + 0.587 * rgb[3 * at + 1]! + 0.114 * rgb[3 * at + 2]!;
  });
}
