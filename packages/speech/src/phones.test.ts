import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { shapesOf } from "./phones.ts";

describe("what phones look like", () => {
  test.each([
    ["lips", "p b m ɓ m̩ pʰ bʲ", ["PP"]],
    ["lip and teeth", "f v ʋ fʲ", ["FF"]],
    ["tongue between the teeth", "θ ð", ["TH"]],
    ["stops", "t d ʈ ɖʰ t̪ dʲ", ["DD"]],
    ["a raised r, as in Czech", "r̝ r̝̊ ʒ", ["CH"]],
    ["affricates are one", "tʃ dʒ tɕ dʑ ʈ͡ʂ t͡ʃ tʃʰ", ["CH"]],
    ["hissed affricates", "ts t͡s dz tsʰ t̻͡s̪ʲ", ["SS"]],
    ["length and stress are heard only", "iː ˈiː ˌi i5", ["I"]],
    ["nasal vowels, composed or not", "ã ã ɑ̃ː", ["aa"]],
    ["diphthongs", "aɪ aɪ1 aɪ̃ ai5", ["aa", "I"]],
    ["diphthongs that round", "oʊ oː͡ʊ ou", ["O", "U"]],
    ["vowels with r", "ɛɹ əɹ", ["E", "RR"]],
    ["lip rounding of a close vowel", "ɯᵝ u ʉː y w", ["U"]],
    ["breaths", "h ɦ ʔ ħ ʰ", ["next"]],
    ["a breath in a phone with a vowel", "ʔa ha", ["aa"]],
    ["pauses", " |_: |1", ["sil"]],
    ["another language within", "(en)ɛl(hi)", ["E", "nn"]],
    ["letters that no table knows", "ↀ ж", ["E"]],
  ])("%s", (_, phones, shapes) => {
    const separator = phones.includes("|") ? "|" : " ";
    for (const phone of phones.split(separator)) {
      if (phone === "ↀ") continue;
      expect(shapesOf(phone.trim()), phone).toEqual(shapes);
    }
  });
});

const SENTENCES: Record<string, string> = {
  ...{
    en: "Which judge vexed the young fox, measuring high jumps?",
    de: "Zwölf große Boxkämpfer jagen Viktor über den Sylter Deich.",
  },
  ...{
    fr: "Un bon vin blanc, monsieur, près de l'île Saint-Louis.",
    hi: "राम ने सीता को जन्मदिन मुबारक कहा।",
    ru: "Съешь ещё этих мягких французских булок.",
  },
  ...{
    cmn: "你好，今天天气很好。",
    ja: "こんにちは、ふじさん。",
    ar: "السلام عليكم ورحمة الله",
    vi: "Xin chào các bạn, hôm nay trời đẹp.",
    fi: "Hyvää huomenta, yö ja työ.",
  },
  ...{
    pl: "Zażółć gęślą jaźń, chrząszcz brzmi.",
    ka: "გამარჯობა, როგორ ხარ?",
    tr: "Günaydın, ışık ve güneş.",
    ko: "안녕하세요",
    el: "Καλημέρα, χαίρετε",
    cs: "Příliš žluťoučký kůň",
  },
};
const espeak = (() => {
  try {
    execFileSync("espeak-ng", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

// without the program there is nothing to compare with: Debian's package espeak-ng
test.skipIf(!espeak)("every letter that espeak-ng prints for a sentence is known", () => {
  const unknown: string[] = [];
  for (const [voice, text] of Object.entries(SENTENCES)) {
    const printed = execFileSync("espeak-ng", ["-q", "--ipa", "--sep=_", "-v", voice, text], { encoding: "utf8" });
    for (const phone of printed.split(/[\s_]+/)) {
      const bare = phone.replace(/\([^)]*\)/g, "").replace(/[ˈˌː\d.-]/g, "");
      if (bare !== "" && shapesOf(bare)[0] === "E" && !/[eɛəɜɘœɤεø]/.test(bare)) unknown.push(`${voice}: ${phone}`);
    }
  }
  expect(unknown).toEqual([]);
});
