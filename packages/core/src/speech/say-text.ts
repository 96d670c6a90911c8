/** Texts that are to be said: what is left of them for a voice, and what is wrong with those that no voice can say. */

/** The longest sound that a job makes of a text, seconds. */
export const MAX_SPEECH_SECONDS = 1800;
/** Characters of a text at most: a quarter of an hour of speech, and more than a voice should be asked for at once. */
export const MAX_TEXT_CHARS = 20_000;

/** Tab and the ends of lines are spaces. */
const CONTROL = /[\p{Cc}\p{Co}\p{Cs}]/u;
const SPACES = /[\t\n\v\f\r\u0085\u2028\u2029]/g;
/** Marks of direction and the like; joiners shape letters of several scripts. */
const FORMAT = /(?![\u200c\u200d])\p{Cf}/gu;
/** Pictures with what belongs to them. Digits and signs that may be shown as pictures are text. */
const PICTURES =
  /(?:\p{Regional_Indicator}{2}|\p{Emoji_Presentation}|\p{Extended_Pictographic})[\u{1f3fb}-\u{1f3ff}\ufe0f\u20e3]*(?:\u200d(?:\p{Extended_Pictographic})[\u{1f3fb}-\u{1f3ff}\ufe0f]*)*|[\ufe0f\u20e3]/gu;

/** The text as voices get it: composed (NFC), pictures and marks that are not heard left out. */
export function cleanText(text: string): string {
  return text.replace(PICTURES, " ").replace(FORMAT, "").normalize("NFC");
}

/** Why a text cannot be said, to follow its name: `has …`. Null: there is something to say. */
export function textFault(text: string): string | null {
  if (text.length > MAX_TEXT_CHARS)
    return `has ${text.length} characters, and at most ${MAX_TEXT_CHARS} are said at once`;
  const control = CONTROL.exec(text.replace(SPACES, " "))?.[0];
  if (control !== undefined) {
    const code = control.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    return `has a control character (U+${code}); leave it out`;
  }
  if (/[\p{L}\p{N}]/u.test(cleanText(text))) return null;
  return text.trim() === "" ? "is empty" : "has neither letters nor digits, so that there is nothing to say";
}
