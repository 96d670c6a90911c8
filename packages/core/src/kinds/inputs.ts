/** What a slot of a kind takes: media, sizes, how many files. */
import { type MediaClass, typesOfClasses } from "../media/types.ts";

export type Slot = {
  media: MediaClass[];
  /** Accepted types, where those are fewer than all types of these media. */
  types?: string[];
  /** By type: what the first line of a text file has to look like. */
  firstLine?: Record<string, RegExp>;
  /** What to call such a file in errors, such as "picture" or "driving clip". */
  noun: string;
  /** A sentence for those who sent another type: what would help. */
  help?: string;
  maxBytes: number;
  /** Width × height and the longer side, of images and videos. */
  maxPixels?: number;
  maxSide?: number;
  /** Maximum duration of videos and sounds; longer ones are refused. */
  maxSeconds?: number;
  /** How many files: `min` 0 is an optional slot, `max` above 1 takes a list. */
  files: { min: number; max: number };
};

/** Facts about a file that are known before any work: its type by content, and what its header says. */
export type InputFacts = { type: string; bytes: number; width?: number; height?: number; seconds?: number };

/** Every media type that the slot takes. */
export function typesOf({ media, types }: Slot): string[] {
  return types ?? typesOfClasses(media);
}

/** Duration of the first file of a slot, seconds; undefined where there is none or its header does not say. */
export function secondsOf(inputs: Record<string, InputFacts[]>, slot: string): number | undefined {
  return inputs[slot]?.[0]?.seconds;
}
