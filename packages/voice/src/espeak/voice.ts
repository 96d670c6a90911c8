/** The voices of eSpeak NG. */
import type { SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { withoutRareMarks } from "../text/fold.ts";
import { bareWord, type Said, type SayOptions, type Voice, type Word } from "../voice.ts";
import { readPcm16 } from "../wav.ts";
import type { EspeakHost, EspeakPhone, EspeakWord } from "./host-process.ts";
import { type EspeakLanguage, UNSPACED } from "./languages.ts";
import { mnemonicsOf } from "./mnemonics.ts";

/** Words a minute, the pitch and its range: a little slower and livelier than its own defaults, which sound hurried. */
const RATE = 160;
const PITCH = 50;
const RANGE = 60;
const MAX_CHARS = 600;
const RATE_HZ = 22_050;
/** It is louder than flite. */
const GAIN = 1;
/** Marks of stress, length of pauses, switches of language (`(en)`), and the ties between the halves of a sound. */
const NOT_SOUNDS = /\([a-z-]+\)|[ˈˌ'\s]|\u0361|[\u02e5-\u02e9]|\d/gu;

/** `speaker`: as eSpeak calls it, with its variant. */
type Options = { facts: VoiceFacts; speaker: string; language: EspeakLanguage };

/** `find`: the process; throws where there is none. */
export function espeakVoice(find: () => EspeakHost, { facts, speaker, language }: Options): Voice {
  const { scripts, own } = language;
  const spaced = !scripts.some((script) => UNSPACED.includes(script));
  const known = (word: Word): Word => ({ ...word, said: withoutRareMarks(word.said, own) });
  return {
    ...facts,
    // it reads Latin words in other scripts as English
    scripts: [...new Set([...scripts, "Latin"])],
    ...{ maxChars: MAX_CHARS, rate: RATE_HZ, takesIpa: true, gain: GAIN },
    say: (words, options) => say(find(), { speaker, spaced }, words.map(known), options),
  };
}

/** `spaced`: whether its words have spaces between them. */
type Speaker = { speaker: string; spaced: boolean };

async function say(
  host: EspeakHost,
  { speaker, spaced }: Speaker,
  words: readonly Word[],
  { speed, signal }: SayOptions,
): Promise<Said> {
  const placed = placesOf(words);
  const order = { voice: speaker, rate: Math.round(RATE * speed), pitch: PITCH, range: RANGE, text: placed.text };
  const sound = await host.say(order, signal);
  const { samples, rate } = readPcm16(sound.pcm, sound.hz);
  const seconds = samples.length / rate;
  const phones = phonesOf(sound.phones, seconds);
  const chars = [...placed.text];
  const heard = spaced ? wordsByPlace(sound.words, placed.starts) : sound.words;
  const starts = heard.map(({ ms }) => ms / 1000);
  const texts = heard.map(({ at }, nth) => {
    const word = spaced ? at : placed.starts.indexOf(at);
    if (spaced || words[word]?.ipa !== undefined) return words[word]!.written;
    return chars.slice(at, heard[nth + 1]?.at ?? chars.length).join("");
  });
  const times = texts.map((text, nth) => {
    const start = Math.min(seconds, starts[nth]!);
    return { text: bareWord(text), start, end: endOf(phones, start, starts[nth + 1] ?? seconds) };
  });
  return { samples, rate, spoken: { words: times.filter(({ text }) => text !== ""), phones } };
}

/** The text with the place of each word in it, in characters. */
function placesOf(words: readonly Word[]): { text: string; starts: number[] } {
  const starts: number[] = [];
  let text = "";
  let chars = 0;
  for (const word of words) {
    if (text !== "") text += " ";
    chars = [...text].length;
    starts.push(chars);
    text += spelt(word);
  }
  return { text, starts };
}

function spelt({ written, said, ipa }: Word): string {
  // two brackets begin mnemonics
  if (ipa === undefined) return said.replaceAll("[[", "[");
  const bare = bareWord(written);
  return written.replace(bare, () => `[[${mnemonicsOf(ipa, "params.pronounce")}]]`);
}

/** One entry for each of our words, numbered by `at`: numbers, and words with an apostrophe, are several of eSpeak's. */
function wordsByPlace(words: readonly EspeakWord[], starts: readonly number[]): EspeakWord[] {
  const found: EspeakWord[] = [];
  for (const { ms, at } of words) {
    const nth = Math.max(
      0,
      starts.findLastIndex((start) => start <= at),
    );
    if (found.every((other) => other.at !== nth)) found.push({ ms, at: nth, length: 1 });
  }
  return found;
}

/** Some of its languages, Chinese above all, have signs of their own among those of the IPA. */
const OWN_SIGNS: ReadonlyArray<readonly [RegExp, string]> = [
  ...(
    [
      ["s", "ʂ"],
      ["z", "ʐ"],
      ["i", "ɨ"],
      ["t", "ʈ"],
      ["d", "ɖ"],
      ["n", "ɳ"],
    ] as const
  ).map(([sign, ipa]) => [new RegExp(`${sign}\\.`, "g"), ipa] as const),
  [/(?<=[ptkcsɕʂ])h$/, "ʰ"],
  [/nɡ$/, "ŋ"],
  [/\./g, ""],
];

function inIpa(name: string): string {
  return OWN_SIGNS.reduce((ipa, [sign, instead]) => ipa.replace(sign, instead), name.replace(NOT_SOUNDS, ""));
}

function phonesOf(events: readonly EspeakPhone[], seconds: number): SpokenPhone[] {
  return events.map(({ ms, ipa }, nth) => ({
    phone: inIpa(ipa).slice(0, 16),
    start: Math.min(seconds, ms / 1000),
    end: Math.min(seconds, (events[nth + 1]?.ms ?? seconds * 1000) / 1000),
  }));
}

/** The end of the last sound before the next word begins: what follows it is a pause. */
function endOf(phones: readonly SpokenPhone[], start: number, next: number): number {
  const own = phones.filter((phone) => phone.phone !== "" && phone.start >= start && phone.start < next);
  return Math.max(start, Math.min(next, own.at(-1)?.end ?? next));
}
