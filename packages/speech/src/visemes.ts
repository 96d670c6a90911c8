/**
 * The 15 shapes of a speaking mouth, in the order in which the network gives them: silence, then consonants by where they are made,
 * then vowels (the set that Oculus Lipsync made common).
 */
export const VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"] as const;

export type Viseme = (typeof VISEMES)[number];

const NUMBERS = new Map<string, number>(VISEMES.map((viseme, number) => [viseme, number]));

/** Where a viseme stands in `VISEMES`, and so in a frame of posteriors. */
export function visemeNumber(viseme: Viseme): number {
  return NUMBERS.get(viseme)!;
}
