/** Texts in many scripts; where eSpeak NG is not installed, only what English says. */
import { afterAll, expect, test } from "vitest";
import { findEspeak } from "./espeak/find.ts";
import { createVoices } from "./index.ts";
import { type SayTextOptions, type SayTextParams, sayText } from "./say.ts";

const NOBODY = { server: null, elevenlabs: null };
const espeak = findEspeak();
const voices = createVoices({ espeak, operator: NOBODY });
afterAll(() => voices.stop());

async function say(text: string, params: Partial<SayTextParams> = {}, more: Partial<SayTextOptions> = {}) {
  const chunks: Float32Array[] = [];
  let rate = 0;
  const shares: number[] = [];
  const said = await sayText(
    { text, speed: 1, ...params },
    {
      ...{ voices: voices.list, preferred: null, fallback: false, signal: new AbortController().signal },
      progress: (done, total) => shares.push(done / total),
      sink: {
        begin: async (given) => {
          rate = given;
          chunks.length = 0;
        },
        write: async (samples) => void chunks.push(samples),
      },
      ...more,
    },
  );
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  expect(said.seconds).toBeCloseTo(length / rate, 6);
  return { ...said, shares, bytes: Buffer.concat(chunks.map((chunk) => Buffer.from(chunk.slice().buffer))) };
}
const phonesOf = ({ spoken }: Awaited<ReturnType<typeof say>>) => spoken!.phones.map(({ phone }) => phone).join(" ");

test("sentences are said one after the other, with a pause between them", async () => {
  const { spoken, shares, voices: used } = await say("Dr. Smith is here. Good morning!");
  expect(spoken!.words.map(({ text }) => text)).toEqual(["Dr", "Smith", "is", "here", "Good", "morning"]);
  const [here, good] = [spoken!.words[3]!, spoken!.words[4]!];
  expect(good.start - here.end).toBeGreaterThan(0.3);
  expect(shares).toEqual([...shares].sort());
  expect(shares.at(-1)).toBe(1);
  expect(used).toEqual([{ name: "rms", language: "en" }]);
});

test("a pronunciation is taken for its word, and one for no word is told", async () => {
  const respelt = await say("Hello Nguyễn!", { pronounce: { nguyễn: "win", Ana: "x" } });
  expect(phonesOf(respelt)).toContain("w ɪ n");
  expect(respelt.spoken!.words.map(({ text }) => text)).toEqual(["Hello", "Nguyễn"]);
  expect(respelt.warnings).toEqual([{ code: "pronounce_unused", detail: "Not in the text: Ana." }]);
  await expect(say("a", { pronounce: { "two words": "x" } })).rejects.toThrow(
    "params.pronounce: 'two words' is not one",
  );
  await expect(say("a", { pronounce: { a: "//" } })).rejects.toThrow("params.pronounce: 'a' says nothing");
});

test.each([
  ["", {}, "params.text is empty."],
  ["\u{1f600}\u{1f44d}\u{1f3fd}", {}, "params.text has neither letters nor digits"],
  ["a\u0007b", {}, "params.text has a control character (U+0007)"],
  ["a ".repeat(20_000), {}, "params.text has 40000 characters, and at most 20000"],
  ["សួស្តី", {}, "params.text has letters of the script Khmer, which no voice here reads."],
  ["𐎠𐎡𐎢", {}, "params.text has letters of an unknown script"],
  ["hello", { voice: "nobody" }, "params.voice: there is no voice 'nobody' here"],
  ["hello", { voice: "rms", language: "hi" }, "params.language: the voice rms speaks en-US, en, not hi."],
  ["hello", { language: "tlh" }, "params.language: no voice here speaks 'tlh'"],
  ["hello", { language: "e!" }, "params.language: 'e!' is not a language tag"],
])("%j %j is refused: %s", async (text, params, message) => {
  await expect(say(text.normalize(), params)).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining(message),
  });
});

test("where eSpeak NG is missing, what is to be installed is said", async () => {
  const alone = createVoices({ espeak: null, operator: NOBODY });
  for (const [text, params] of [
    ["राम", {}],
    ["Hello राम", {}],
    ["hello", { voice: "espeak-fr" }],
  ] as const) {
    await expect(say(text, params, { voices: alone.list })).rejects.toMatchObject({
      code: "not_supported",
      message: expect.stringContaining("Install @smileloop/voice-espeak"),
    });
  }
  expect((await say("Hello", {}, { voices: alone.list })).seconds).toBeGreaterThan(0.3);
});

test.skipIf(espeak === null)("a text of several scripts is said by the voice of each", async () => {
  const said = await say("Hello राम, this is 阮 from Łódź. Привет!");
  expect(said.voices.map(({ name }) => name)).toEqual(["rms", "espeak-hi", "espeak-cmn", "espeak-ru"]);
  expect(said.spoken!.words.map(({ text }) => text)).toEqual([
    "Hello",
    "राम",
    "this",
    "is",
    "阮",
    "from",
    "Łódź",
    "Привет",
  ]);
  expect(phonesOf(said)).toMatch(/h ə l oʊ .*ɾ aː m.*ʐ u/);
});

test.skipIf(espeak === null)("the same text has the same sound, whatever was said before it", async () => {
  const first = await say("नमस्ते, शशि");
  await say("Bonjour, comment allez-vous ?", { language: "fr" });
  expect((await say("नमस्ते, शशि")).bytes.equals(first.bytes)).toBe(true);
});

test.skipIf(espeak === null)("scripts choose languages, and voices of the same gender", async () => {
  const names = async (text: string, params = {}) => (await say(text, params)).voices.map(({ name }) => name);
  expect(await names("مرحبا")).toEqual(["espeak-ar"]);
  expect(await names("Hello שלום", { voice: "slt" })).toEqual(["slt", "espeak-he-f"]);
  expect(await names("नमस्कार", { language: "mr" })).toEqual(["espeak-mr"]);
  expect(await names("Olá", { language: "pt_PT" })).toEqual(["espeak-pt-pt"]);
  expect(await names("你好", { language: "zh-HK" })).toEqual(["espeak-yue"]);
  expect(await names("こんにちは")).toEqual(["espeak-ja"]);
  await expect(say("日本です")).rejects.toThrow("params.text has kanji, and the voice espeak-ja reads kana alone");
});

test.skipIf(espeak === null)("sounds that are given are said in any language, and what follows them, too", async () => {
  const said = await say("राम Nguyễn, जन्मदिन मुबारक", { pronounce: { Nguyễn: "/ŋwiən/" } });
  expect(phonesOf(said)).toMatch(/ŋ w i .*ə n .*ɟ ʌ n m ə d ɪ n .*m ʊ b/);
  expect(said.spoken!.words.map(({ text }) => text)).toEqual(["राम", "Nguyễn", "जन्मदिन", "मुबारक"]);
});

test.skipIf(espeak === null)("Chinese is told in IPA, after a comma as well", async () => {
  const said = await say("你好，世界。");
  expect(phonesOf(said)).toMatch(/n i χ ɑu .*ʂ ɨ .*tɕ iɛ/);
});

test("a voice that is stopped says no more", async () => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  const saying = say(
    "Good morning. Good evening.",
    {},
    { signal: controller.signal, progress: () => controller.abort(reason) },
  );
  await expect(saying).rejects.toBe(reason);
});

test("a text that takes too long is given up as soon as that shows", async () => {
  const [text, maxSeconds] = ["One sentence and another. ".repeat(40), 3];
  const shares: number[] = [];
  const progress = (done: number, total: number) => void shares.push(done / total);
  const failed = say(text, {}, { maxSeconds, progress });
  await expect(failed).rejects.toMatchObject({
    code: "input_too_large",
    message: expect.stringMatching(/about \d+ s to say; at most 3 s/),
  });
  expect(shares.at(-1)).toBeLessThan(0.2);
});

test.skipIf(espeak === null)("a voice that does not read the text is named, and who says it instead", async () => {
  const { warnings, voices: used } = await say("नमस्ते", { voice: "rms" });
  expect(used).toMatchObject([{ name: "espeak-hi" }]);
  expect(warnings).toEqual([
    { code: "voice_changed", detail: "The voice rms does not read this text: espeak-hi said it." },
  ]);
  expect((await say("नमस्ते")).warnings).toEqual([]);
});
