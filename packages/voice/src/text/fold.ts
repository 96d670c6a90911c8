/** Letters that a voice does not know, as others that it knows: it would spell such a word letter by letter. */

/** What is left where taking marks off a letter does not help. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{
    ß: "ss",
    ẞ: "SS",
    æ: "ae",
    Æ: "AE",
    œ: "oe",
    Œ: "OE",
    ø: "o",
    Ø: "O",
    ł: "l",
    Ł: "L",
    đ: "d",
    Đ: "D",
    ð: "d",
    Ð: "D",
  },
  ...{
    þ: "th",
    Þ: "Th",
    ı: "i",
    ħ: "h",
    Ħ: "H",
    ŋ: "ng",
    Ŋ: "Ng",
    ə: "e",
    Ə: "E",
    ɛ: "e",
    Ɛ: "E",
    ɔ: "o",
    Ɔ: "O",
    ɓ: "b",
    Ɓ: "B",
  },
  ...{
    ɗ: "d",
    Ɗ: "D",
    ƙ: "k",
    Ƙ: "K",
    ŧ: "t",
    Ŧ: "T",
    ĸ: "k",
    ŀ: "l",
    ſ: "s",
    ǝ: "e",
    ɲ: "ny",
    Ɲ: "Ny",
    ƴ: "y",
    Ƴ: "Y",
  },
};
/** Signs of typesetters, as typewriters have them. */
const SIGNS: ReadonlyArray<readonly [RegExp, string]> = [
  [/[‘’ʼ′`´]/g, "'"],
  [/[“”„«»‹›″]/g, '"'],
  [/[‐‑‒]/g, "-"],
  [/\s*[–—―]\s*/g, ", "],
  [/…/g, "..."],
  [/[\u00a0\u2000-\u200a\u202f\u3000]/g, " "],
  [/×/g, " times "],
  [/÷/g, " divided by "],
  [/°/g, " degrees "],
  [/&/g, " and "],
  [/£\s?(\d[\d,.]*)/g, "$1 pounds"],
  [/€\s?(\d[\d,.]*)/g, "$1 euros"],
  [/¥\s?(\d[\d,.]*)/g, "$1 yen"],
  [/£/g, " pounds "],
  [/€/g, " euros "],
  [/¥/g, " yen "],
];

/** A Latin text in ASCII. What has no like there is left out. */
export function toAscii(text: string): string {
  let plain = text;
  for (const [sign, ascii] of SIGNS) plain = plain.replace(sign, ascii);
  return withoutMarks(plain).replace(/[^\x20-\x7e]/g, "");
}

/** Latin letters that only a few languages write, without their marks; é and ñ every voice knows. */
export function withoutRareMarks(text: string, own: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (letter) => {
    const rare = /\p{Script=Latin}/u.test(letter) && letter.codePointAt(0)! > 0xff;
    return rare && !own.includes(letter.toLowerCase()) ? withoutMarks(letter) : letter;
  });
}

function withoutMarks(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/gu, (letter) => LETTERS[letter] ?? letter)
    .normalize("NFD")
    .replace(/\p{M}/gu, "");
}
