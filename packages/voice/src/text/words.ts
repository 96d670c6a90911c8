/** A sentence as words in runs of one script, with what was asked for about how they are said. */
import { AppError } from "@smileloop/core/errors.ts";
import { scriptOf } from "@smileloop/core/speech/scripts.ts";
import { shown } from "@smileloop/core/text.ts";
import { bareWord, type Word } from "../voice.ts";

/** `script`: null where the run has no letters. */
export type Run = { script: string | null; words: Word[] };

/** By word: how it is said instead, IPA or respelt. `used`: words that were found in the text. */
export type Pronunciations = { find(word: string): { ipa: string } | { said: string } | null; unused(): string[] };

const MAX_ENTRIES = 200;

/** Throws `invalid_request` that names the entry. */
export function pronunciationsOf(given: Readonly<Record<string, string>> = {}): Pronunciations {
  const entries = Object.entries(given);
  if (entries.length > MAX_ENTRIES) throw fault("", `has ${entries.length} words; at most ${MAX_ENTRIES} are taken`);
  const exact = new Map<string, { ipa: string } | { said: string }>();
  const folded = new Map<string, string>();
  for (const [word, said] of entries) {
    const bare = bareWord(word.normalize("NFC"));
    if (bare === "" || /\s/.test(bare)) throw fault(word, "is not one word");
    const ipa = /^\s*\/(.*)\/\s*$/su.exec(said)?.[1];
    if (!/[\p{L}\p{N}]/u.test(ipa ?? said))
      throw fault(word, "says nothing; give IPA between slashes, or a respelling");
    exact.set(bare, ipa === undefined ? { said: said.normalize("NFC").trim() } : { ipa });
    folded.set(bare.toLowerCase(), bare);
  }
  const unused = new Set(exact.keys());
  return {
    find(word) {
      const key = exact.has(word) ? word : folded.get(word.toLowerCase());
      if (key === undefined) return null;
      unused.delete(key);
      return exact.get(key) ?? null;
    },
    unused: () => [...unused],
  };
}

function fault(word: string, why: string): AppError {
  return new AppError("invalid_request", `params.pronounce${word === "" ? "" : `: ${shown(word)}`} ${why}.`);
}

/** Words by spaces; one of two scripts (`राम-Ram`) is two. Signs and digits belong to the run that they stand in. */
export function runsOf(sentence: string, pronunciations: Pronunciations): Run[] {
  const runs: Run[] = [];
  for (const written of sentence.split(/\s+/).filter((each) => each !== "")) {
    for (const { script, word } of piecesOf(written, pronunciations)) {
      const last = runs.at(-1);
      if (last && (script === null || last.script === null || sameWriting(last.script, script))) {
        last.words.push(word);
        last.script ??= script;
      } else runs.push({ script, words: [word] });
    }
  }
  return runs;
}

type Piece = { script: string | null; word: Word };

function piecesOf(written: string, pronunciations: Pronunciations): Piece[] {
  const bare = bareWord(written);
  const instead = bare === "" ? null : pronunciations.find(bare);
  if (instead && "ipa" in instead) return [{ script: null, word: { written, said: bare, ipa: instead.ipa } }];
  if (instead) {
    const said = written.replace(bare, () => instead.said);
    return [{ script: firstScript(said), word: { written, said } }];
  }
  return byScript(written).map(({ script, text }) => ({ script, word: { written: text, said: text } }));
}

function firstScript(text: string): string | null {
  return [...text].map(scriptOf).find((script) => script !== null) ?? null;
}

function byScript(text: string): Array<{ script: string | null; text: string }> {
  const pieces: Array<{ script: string | null; text: string }> = [];
  for (const char of text) {
    const script = scriptOf(char);
    const last = pieces.at(-1);
    if (last && (script === null || last.script === null || sameWriting(last.script, script))) {
      last.text += char;
      last.script ??= script;
    } else pieces.push({ script, text: char });
  }
  return pieces;
}

/** Japanese writes with three scripts at once. */
const JAPANESE = ["Hiragana", "Katakana"];

function sameWriting(a: string, b: string): boolean {
  return a === b || (JAPANESE.includes(a) && JAPANESE.includes(b));
}
