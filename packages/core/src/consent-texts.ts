/**
 * The sentence that somebody agrees to who says why the people shown may be shown. Records keep its version, its language and its hash. A
 * sentence is never changed: another wording is another version, and the old ones stay, so that a hash can be answered for.
 */
import { createHash } from "node:crypto";

/** By version, then by language. The last version is in force. */
export const CONSENT_TEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "2026-12": {
    en: "I am shown, or everybody shown agrees to this use. Of anybody under 18, a parent or guardian agrees.",
    de: "Ich bin zu sehen, oder alle Gezeigten sind damit einverstanden; für Menschen unter 18 die Eltern oder der Vormund.",
    hi: "इसमें मैं हूँ, या दिखने वाले सभी लोग इससे सहमत हैं; 18 साल से कम उम्र वालों के लिए माता-पिता या अभिभावक सहमत हैं।",
    ar: "أنا الظاهر في الصورة، أو وافق كل من يظهر فيها على هذا الاستخدام؛ ومن هو دون 18 عامًا وافق عنه أحد والديه أو وليّه.",
  },
};
export const CONSENT_VERSION = Object.keys(CONSENT_TEXTS).at(-1)!;

/** SHA-256 of the sentence, 64 hex digits; null where there is none of this version in this language. */
export function consentTextSha256(version: string, locale: string): string | null {
  const texts = Object.hasOwn(CONSENT_TEXTS, version) ? CONSENT_TEXTS[version]! : {};
  return Object.hasOwn(texts, locale) ? createHash("sha256").update(texts[locale]!).digest("hex") : null;
}
