import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { expect, test } from "vitest";
import type { Word } from "../voice.ts";
import { arpabetOf } from "./arpabet.ts";
import { fliteVoice } from "./flite.ts";
import { wordsOfPhones } from "./word-times.ts";

const facts: VoiceFacts = {
  ...{ name: "rms", title: "A man", languages: ["en"], gender: "male", source: "built_in" },
  ...{ sample: "Hello.", available: true },
};
const signal = new AbortController().signal;
const rms = fliteVoice(facts, "rms");
const wordsOf = (text: string, ipa: Record<string, string> = {}): Word[] =>
  text.split(" ").map((written) => ({ written, said: written, ipa: ipa[written.replace(/[^\p{L}]/gu, "")] }));
const say = (text: string, { speed = 1, ipa = {} } = {}) =>
  rms.say(wordsOf(text, ipa), { language: "en", speed, signal });

test("a sentence is said, and its words and phones have the times that they are heard at", async () => {
  const { samples, rate, spoken } = await say("Mary, it is 1998.");
  expect(rate).toBe(16_000);
  const { words, phones } = spoken!;
  expect(words.map(({ text }) => text)).toEqual(["Mary", "it", "is", "1998"]);
  expect(phones.map(({ phone }) => phone).join(" ")).toContain("m ɛ ɹ i");
  for (const [nth, { start, end }] of [...words.entries()]) {
    expect(end).toBeGreaterThan(start);
    expect(start).toBeGreaterThanOrEqual(words[nth - 1]?.end ?? 0);
  }
  expect(words.at(-1)!.end).toBeLessThanOrEqual(samples.length / rate);
  // what is called a pause is quiet, and a word is not
  const loudness = (from: number, to: number) => {
    const part = samples.subarray(Math.round(from * rate), Math.round(to * rate));
    return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
  };
  const [mary] = words;
  expect(loudness(mary!.start, mary!.end)).toBeGreaterThan(20 * loudness(0, 0.06));
});

test("the same text has the same sound", async () => {
  const [first, again] = [await say("Good morning!"), await say("Good morning!")];
  expect(again).toEqual(first);
});

test("twice the speed takes half the time", async () => {
  const [usual, fast] = [await say("Good morning to you"), await say("Good morning to you", { speed: 2 })];
  expect(fast.samples.length / usual.samples.length).toBeCloseTo(0.5, 1);
});

test("a word has the sounds that it was given", async () => {
  const { spoken } = await say("Hello Nguyen, you and me", { ipa: { Nguyen: "ŋwiən" } });
  expect(spoken!.phones.map(({ phone }) => phone).join(" ")).toContain("ŋ w i ə n");
  expect(spoken!.words.map(({ text }) => text)).toEqual(["Hello", "Nguyen", "you", "and", "me"]);
});

test("letters and signs that English does not have are said by those that it has", async () => {
  const { spoken } = await say("Łukasz & “Zoë” – 5 €");
  expect(spoken!.words.map(({ text }) => text)).toEqual(["Łukasz", "Zoë", "5"]);
  expect(spoken!.phones.map(({ phone }) => phone).join(" ")).toMatch(/l ə k ə ʃ .*æ n d z oʊ i .*f aɪ v j u ɹ oʊ z/);
});

test.each([
  ["ŋwiən", "ng w iy1 ax0 n"],
  ["ʒuˈzɛ", "zh uw0 z eh1"],
  ["ɾaːm", "dx aa1 m"],
  ["çɪl", "hh ih1 l"],
  ["tʃaɪ", "ch ay1"],
])("English says /%s/ as %s", (ipa, phones) => {
  expect(arpabetOf(ipa, "pronounce").join(" ")).toBe(phones);
});

test("what is not IPA is named", () => {
  expect(() => arpabetOf("ab€", "params.pronounce")).toThrow("params.pronounce: '€' is not a sign of the IPA.");
  expect(() => arpabetOf("ˈ", "params.pronounce")).toThrow("has no sounds");
});

test("phones go to the words that they are in alone, also where words touch", () => {
  const sentence = ["g", "ih", "m", "iy", "ih", "t"];
  expect(
    wordsOfPhones(sentence, [
      ["g", "ih", "v"],
      ["m", "iy"],
      ["ih", "t"],
    ]),
  ).toEqual([0, 0, 1, 1, 2, 2]);
  expect(wordsOfPhones(["a"], [])).toEqual([0]);
});
