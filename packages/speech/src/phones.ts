/**
 * From phones to mouth shapes. Phones come in IPA as voices write them: with stress, length and tones, nasal vowels composed or not
 * (NFC, NFD), diphthongs and affricates as one. The letters are those that espeak-ng 1.51 prints in all of its languages.
 */
import type { Viseme } from "./visemes.ts";

/**
 * What a letter looks like. The groups follow the IPA chart by place; lips count more than the tongue, which is hardly seen.
 * Letters of the last group have no shape: the mouth already takes that of the next sound.
 */
const SHAPES: readonly [shape: Viseme | "next", letters: string][] = [
  ["PP", "p b m ɓ β ɸ ʙ"],
  ["FF", "f v ʋ ɱ ⱱ"],
  ["TH", "θ ð"],
  ["DD", "t d ʈ ɖ ɗ ᶑ"],
  ["kk", "k g ɡ ɠ q ɢ ʛ c ɟ ʄ x ɣ χ ç ɰ"],
  ["CH", "ʃ ʒ ɕ ʑ ʂ ʐ ɧ ʧ ʤ ʨ ʥ"],
  ["SS", "s z ʦ ʣ"],
  ["nn", "n ɳ ɲ ŋ ɴ l ɭ ʎ ʟ ɫ ɬ ɮ ɺ"],
  ["RR", "r ɹ ɻ ɾ ɽ ʁ ʀ ɚ ɝ"],
  ["aa", "a ɑ æ ɐ ʌ ä ᴀ"],
  ["E", "e ɛ ε ə ɘ ɜ ɞ œ ɶ ɤ"],
  ["I", "i ɪ ɨ ᵻ ɯ j ʝ ı"],
  ["O", "o ɔ ɒ ɵ"],
  ["U", "u ʊ ʉ ᵿ w ʍ y ʏ ɥ ø"],
  ["next", "h ɦ ʔ ħ ʕ ʡ ʢ ʜ ?"],
];
const SHAPE_OF = new Map(
  SHAPES.flatMap(([shape, letters]) => letters.split(" ").map((letter) => [letter.normalize("NFD"), shape] as const)),
);

/** Letters of no language's IPA that some voices print, and what was meant. */
const MEANT = new Map([
  ["Φ", "ɸ"],
  ["S", "ʃ"],
  ["Z", "ʒ"],
  ["N", "ŋ"],
  ["T", "θ"],
  ["D", "ð"],
]);

/** Names of languages in brackets, where a voice changes to another one and back. */
const LANGUAGE = /\([^)]*\)/g;
/** Marks of compressed (ᵝ) and rounded (ʷ) sounds, which are seen; all others are heard only. */
const ROUNDED = /[ᵝʷ]/;
const RAISED = "\u031d";
const STOPS = new Set<Shape>(["DD", "kk"]);
const HISSES = new Set<Shape>(["CH", "SS"]);

/** A shape, or that of whatever comes next. */
export type Shape = Viseme | "next";

/**
 * The shapes that a phone takes, in order, each for an equal part of its time: two for a diphthong, one for an affricate. A pause (an
 * empty phone, or tones alone) is `sil`; a letter that is not known has the shape of a half-open mouth.
 */
export function shapesOf(phone: string): Shape[] {
  const letters = lettersOf(phone);
  const shapes: Shape[] = [];
  for (const [nth, { letter, rounded }] of letters.entries()) {
    const shape = rounded && letter === "ɯ" ? "U" : (SHAPE_OF.get(letter) ?? "E");
    const hissNext = letters[nth + 1] && HISSES.has(SHAPE_OF.get(letters[nth + 1]!.letter) ?? "sil");
    if (STOPS.has(shape) && hissNext) continue;
    if (shape !== shapes.at(-1)) shapes.push(shape);
  }
  // beside another sound in the same phone, a breath is not seen
  const seen = shapes.filter((shape) => shape !== "next");
  if (seen.length > 0) return seen;
  return shapes.length > 0 || /\p{Lm}/u.test(phone.normalize("NFD")) ? ["next"] : ["sil"];
}

function lettersOf(phone: string): { letter: string; rounded: boolean }[] {
  const letters: { letter: string; rounded: boolean }[] = [];
  for (const character of phone.replace(LANGUAGE, "").normalize("NFD")) {
    const letter = MEANT.get(character) ?? (SHAPE_OF.has(character) ? character : character.toLowerCase());
    const last = letters.at(-1);
    if (ROUNDED.test(character) && last) last.rounded = true;
    // the Czech ř is as much of a ʒ
    else if (character === RAISED && last?.letter === "r") last.letter = "ʒ";
    // marks, tones and digits are no letters of their own
    else if (/\p{L}/u.test(letter) && !/\p{Lm}/u.test(letter)) letters.push({ letter, rounded: false });
    else if (SHAPE_OF.has(letter)) letters.push({ letter, rounded: false });
  }
  return letters;
}
