/** What the one who asked should know of how a text was said. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { Chosen } from "./choose.ts";
import type { Pronunciations } from "./text/words.ts";
import type { Voice, Word } from "./voice.ts";

/** What one voice says in one go. `pause`: after it, at the usual speed. */
export type Step = Chosen & { words: Word[]; pause: number };

/** Where a voice was asked for by its name: who says what it does not read. */
export function othersOf(steps: readonly Step[], asked: Voice): Warning[] {
  const others = steps.filter(({ voice }) => voice !== asked);
  if (others.length === 0) return [];
  const names = [...new Set(others.map(({ voice }) => voice.name))].join(", ");
  const all = others.length === steps.length;
  const detail = `The voice ${asked.name} does not read ${all ? "this text" : "all of this text"}: ${names} ${all ? "said it" : "said the rest"}.`;
  return [{ code: "voice_changed", detail }];
}

export function warningsOf(steps: readonly Step[], pronunciations: Pronunciations): Warning[] {
  const warnings: Warning[] = [];
  const unused = pronunciations.unused();
  if (unused.length > 0) {
    warnings.push({ code: "pronounce_unused", detail: `Not in the text: ${unused.join(", ")}.` });
  }
  const deaf = steps.find(({ voice, words }) => !voice.takesIpa && words.some(({ ipa }) => ipa !== undefined));
  if (deaf) {
    const detail = `The voice ${deaf.voice.name} takes respellings, but no IPA: it says those words as they are written.`;
    warnings.push({ code: "pronounce_ignored", detail });
  }
  return warnings;
}
