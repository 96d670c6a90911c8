/** The text of a request that a voice is to say. */
import { z } from "zod";
import { textFault } from "./say-text.ts";

/** Seconds that a character takes, roughly and in any script; alphabets need less, Chinese characters more. */
export const SECONDS_PER_CHARACTER = 0.075;

/** At most `most` UTF-16 units. Letters are composed (NFC), and spaces around the text are taken off. */
export function textParam(most: number) {
  return z
    .string()
    .min(1)
    .max(most)
    .superRefine((text, context) => {
      // said already
      const fault = text === "" || text.length > most ? null : textFault(text);
      if (fault !== null) context.addIssue({ code: "custom", message: fault });
    })
    .overwrite((text) => text.normalize("NFC").trim());
}
