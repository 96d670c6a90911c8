/** Scripts that texts are written in, and the language that a text is taken to be in where nothing but its script tells. */

/** `language`: BCP 47; null: no voice of ours reads it. */
type ScriptEntry = { script: string; title: string; language: string | null };

export const SCRIPTS: readonly ScriptEntry[] = [
  ["Latin", "Latin", "en"],
  ["Devanagari", "Devanagari", "hi"],
  ["Bengali", "Bengali", "bn"],
  ["Tamil", "Tamil", "ta"],
  ["Telugu", "Telugu", "te"],
  ["Gujarati", "Gujarati", "gu"],
  ["Gurmukhi", "Gurmukhi", "pa"],
  ["Kannada", "Kannada", "kn"],
  ["Malayalam", "Malayalam", "ml"],
  ["Oriya", "Odia", "or"],
  ["Sinhala", "Sinhala", "si"],
  ["Arabic", "Arabic", "ar"],
  ["Hebrew", "Hebrew", "he"],
  ["Cyrillic", "Cyrillic", "ru"],
  ["Greek", "Greek", "el"],
  ["Armenian", "Armenian", "hy"],
  ["Georgian", "Georgian", "ka"],
  ["Ethiopic", "Ethiopic", "am"],
  ["Hangul", "Hangul", "ko"],
  ["Han", "Han (Chinese characters)", "cmn"],
  ["Hiragana", "Hiragana", "ja"],
  ["Katakana", "Katakana", "ja"],
  ["Thai", "Thai", null],
  ["Lao", "Lao", null],
  ["Khmer", "Khmer", null],
  ["Myanmar", "Burmese", null],
  ["Tibetan", "Tibetan", null],
  ["Mongolian", "Mongolian", null],
  ["Thaana", "Thaana", null],
  ["Syriac", "Syriac", null],
  ["Nko", "N’Ko", null],
  ["Tifinagh", "Tifinagh", null],
  ["Cherokee", "Cherokee", null],
  ["Bopomofo", "Bopomofo", null],
  ["Yi", "Yi", null],
  ["Javanese", "Javanese", null],
  ["Balinese", "Balinese", null],
  ["Ol_Chiki", "Ol Chiki", null],
  ["Canadian_Aboriginal", "Canadian syllabics", null],
].map(([script, title, language]) => ({ script: script!, title: title!, language: language ?? null }));

const MATCHERS = SCRIPTS.map(({ script }) => ({ script, is: new RegExp(`^\\p{Script=${script}}$`, "u") }));
const LATIN = /^[A-Za-z]$/;

/** The script of a character; null for what all scripts share: digits, signs, spaces. `""`: a letter of a script that is not in the list. */
export function scriptOf(char: string): string | null {
  if (LATIN.test(char)) return "Latin";
  if (!/[\p{L}\p{M}]/u.test(char)) return null;
  const found = MATCHERS.find(({ is }) => is.test(char));
  if (found) return found.script;
  // such as a mark, or the long sign of kana
  return /\p{Script=Common}|\p{Script=Inherited}/u.test(char) ? null : "";
}

/** Null for scripts that are not in the list. */
export function titleOfScript(script: string): string | null {
  return SCRIPTS.find((entry) => entry.script === script)?.title ?? null;
}
