/** What the slot `source` holds, as steps take it. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { SpeechInput } from "@smileloop/core/engine/tasks/process.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import type { Sources } from "./processor.ts";

/** Longest side of a source: more is not seen of a face. */
const MOST_SIDE = 3072;

/** Throws what decoding pictures throws, `input` and all, and `invalid_request` for curves that are not there. */
export async function readSources(files: readonly EngineFile[], speech?: SpeechInput): Promise<Sources> {
  const pictures: Picture[] = [];
  for (const { path, type } of files) {
    if (mediaClassOf(type) !== "image") continue;
    pictures.push(await blaming("source", decodePicture(path, { maxSide: MOST_SIDE })));
  }
  return { pictures, speech: speech ? { motion: await unpackFrames(speech.motion), sync: speech.sync } : null };
}

/** The sound among the files. */
export function soundOf(files: readonly EngineFile[]): EngineFile | undefined {
  return files.find(({ type }) => mediaClassOf(type) === "audio");
}
