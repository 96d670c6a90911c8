import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONSENT_TEXTS, CONSENT_VERSION } from "@smileloop/core/consent-texts.ts";
import { expect, test } from "vitest";
import { ar } from "../../packages/web/src/texts/ar.ts";
import { de } from "../../packages/web/src/texts/de.ts";
import { en } from "../../packages/web/src/texts/en.ts";
import { hi } from "../../packages/web/src/texts/hi.ts";
import { PRESET_NAMES } from "../support/presets.ts";

const filled = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test.each(Object.entries({ de, hi, ar }))("%s says everything, with the same parts filled in", (_, texts) => {
  expect(Object.keys(texts)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    expect([key, filled(texts[key as keyof typeof en])]).toEqual([key, filled(text)]);
  }
});

test("every motion has a name", () => {
  const named = Object.keys(en).flatMap((key) => (key.startsWith("preset_") ? [key.slice("preset_".length)] : []));
  expect(named.sort()).toEqual([...PRESET_NAMES].sort());
});

test("every text is shown somewhere", () => {
  const folder = join(import.meta.dirname, "../../packages/web/src");
  const files = globSync("**/*.{ts,tsx}", { cwd: folder }).filter((file) => !file.startsWith("texts"));
  const sources = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  // those whose names are made of a code, a stage or a name that the server sends, or of a choice
  const made = /^(error|warning|stage|preset|mode|speech_by)_/;
  expect(Object.keys(en).filter((key) => !made.test(key) && !sources.includes(`"${key}"`))).toEqual([]);
});

test("what people agree to is the sentence whose hash the server keeps", () => {
  const page = { en: en.consent, de: de.consent, hi: hi.consent, ar: ar.consent };
  expect(page).toEqual(CONSENT_TEXTS[CONSENT_VERSION]);
  const source = readFileSync(join(import.meta.dirname, "../../packages/web/src/views/agree.tsx"), "utf8");
  expect(source).toContain(`CONSENT_VERSION = "${CONSENT_VERSION}"`);
});
