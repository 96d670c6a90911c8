/** The text of a request that a voice is to say. */
import { z } from "zod";
import { shown } from "../text.ts";

/** Seconds that a character takes, roughly and in any script; alphabets need less, Chinese characters more. */
export const SECONDS_PER_CHARACTER = 0.075;

/** Characters that nobody can say, and that no text needs: all control characters but tab and line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/u;
const SAYABLE = /[\p{L}\p{N}]/u;

/** At most `most` UTF-16 units. Letters are composed (NFC), and spaces around the text are taken off. */
export function textParam(most: number) {
  return z
    .string()
    .min(1)
    .max(most)
    .superRefine((text, context) => {
      // said already
      if (text === "" || text.length > most) return;
      const [control] = CONTROL.exec(text) ?? [];
      const add = (message: string) => context.addIssue({ code: "custom", message });
      if (control !== undefined) add(`must not have control characters, got ${codeOf(control)}`);
      else if (!SAYABLE.test(text)) add(`has nothing that can be said: no letter and no digit, got ${shown(text)}`);
    })
    .overwrite((text) => text.normalize("NFC").trim());
}

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
