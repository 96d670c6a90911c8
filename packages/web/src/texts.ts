/** The words of the page in the reader's language, and its numbers and times. */
import { fill } from "./fill.ts";
import { en, type TextKey, type Texts } from "./texts/en.ts";

type Language = { tag: string; name: string; direction: "ltr" | "rtl"; load: () => Promise<Texts> };

/** `name`: as its speakers write it. */
export const LANGUAGES: readonly Language[] = [
  { tag: "en", name: "English", direction: "ltr", load: async () => en },
  { tag: "de", name: "Deutsch", direction: "ltr", load: async () => (await import("./texts/de.ts")).de },
  { tag: "hi", name: "हिन्दी", direction: "ltr", load: async () => (await import("./texts/hi.ts")).hi },
  { tag: "ar", name: "العربية", direction: "rtl", load: async () => (await import("./texts/ar.ts")).ar },
];
const CHOSEN = "smileloop.language";

let texts: Texts = en;
let language = LANGUAGES[0]!;

export const languageTag = () => language.tag;

/** Loads the chosen language, else the first that the browser asks for. Where its file cannot be fetched the words stay as they are. */
export async function loadTexts(tag = chosen()): Promise<void> {
  const wanted = [tag, ...navigator.languages].map((each) => each?.split("-")[0]);
  const found = wanted.map((each) => LANGUAGES.find((known) => known.tag === each)).find((each) => each !== undefined);
  try {
    texts = await (found ?? language).load();
    language = found ?? language;
  } catch {
    return;
  }
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.direction;
}

export async function chooseLanguage(tag: string): Promise<void> {
  try {
    localStorage.setItem(CHOSEN, tag);
  } catch {
    // it is only not remembered
  }
  await loadTexts(tag);
}

function chosen(): string | undefined {
  try {
    return localStorage.getItem(CHOSEN) ?? undefined;
  } catch {
    return undefined;
  }
}

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return fill(texts[key], values, language.tag);
}

/** The text under a name that is made of another one, such as a preset's; null where there is none. */
export function tMaybe(key: string, values?: Record<string, string | number>): string | null {
  return Object.hasOwn(texts, key) ? t(key as TextKey, values) : null;
}

/** `2 minutes`, `1 hour`. */
export function span(seconds: number): string {
  const [value, unit] =
    seconds >= 3600 ? [seconds / 3600, "hour"] : seconds >= 60 ? [seconds / 60, "minute"] : [seconds, "second"];
  const rounded = Math.max(1, Math.round(value));
  return new Intl.NumberFormat(language.tag, { style: "unit", unit, unitDisplay: "long" }).format(rounded);
}

/** `59:07`; `23:59:07` where it is more than an hour. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const one = new Intl.NumberFormat(language.tag);
  const two = new Intl.NumberFormat(language.tag, { minimumIntegerDigits: 2 });
  const minutes = Math.floor(whole / 60);
  const upTo =
    whole > 3600 ? `${one.format(Math.floor(minutes / 60))}:${two.format(minutes % 60)}` : one.format(minutes);
  return `${upTo}:${two.format(whole % 60)}`;
}

export function presetName(name: string, title: string): string {
  return tMaybe(`preset_${name}`) ?? title;
}
