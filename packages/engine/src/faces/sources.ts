/** What the slot `source` holds, as steps take it. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import type { Sources } from "./processor.ts";

/** Longest side of a source: more is not seen of a face. */
const MOST_SIDE = 3072;

/** `sound`: the WAV that was made of the sound among the files. Throws what decoding pictures throws, `input` and all. */
export async function readSources(files: readonly EngineFile[], sound: string | null): Promise<Sources> {
  const pictures: Picture[] = [];
  for (const { path, type } of files) {
    if (mediaClassOf(type) !== "image") continue;
    pictures.push(await blaming("source", decodePicture(path, { maxSide: MOST_SIDE })));
  }
  return { pictures, sound };
}

/** The sound among the files. */
export function soundOf(files: readonly EngineFile[]): EngineFile | undefined {
  return files.find(({ type }) => mediaClassOf(type) === "audio");
}
