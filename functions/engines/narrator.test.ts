import { readEnv, readVoiceEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import { narrator } from "./narrator.ts";
import { voicesOf, voiceVariables } from "./voice-env.ts";
import { warp } from "./warp.ts";

const SET = {
  VOICE_URL: "https://voices.example.org",
  VOICE_KEY: "a-secret",
  VOICE_NAMES: "alloy, bella=en+hi",
  VOICE_DEFAULT: "bella",
  VOICE_FALLBACK: "1",
  ELEVENLABS_API_KEY: "b-secret",
  ELEVENLABS_VOICES: "rachel=21m00",
};

test("only the processes that speak are told of voices elsewhere, and of nothing else", async () => {
  const env = readEnv({ ...SET, API_KEYS: `a:${"0".repeat(64)}`, BUCKET: "the-bucket" });
  const { engine } = await narrator.find(env);
  const told = engine!.engineCommand!.env!;
  expect(told).toMatchObject({ ...SET, VOICE_NAMES: "alloy,bella=en+hi", VOICE_MODEL: "tts-1" });
  expect(Object.keys(told).filter((name) => !/^(VOICE|ELEVENLABS)_/.test(name))).toEqual([]);
  expect(engine!.engineCommand!.args.join(" ")).not.toContain("secret");
  expect(engine!.checkerCommand.env).toEqual({});
  // what it is told comes to the same
  expect(voiceVariables(readVoiceEnv(told))).toEqual(told);
  const renders = (await warp.find(env)).engine!;
  expect([renders.engineCommand?.env, renders.checkerCommand.env, renders.inspectorCommand!.env]).toEqual([{}, {}, {}]);
  const [helper] = renders.helpers!;
  expect([helper!.services, helper!.command.env]).toEqual([["say"], told]);
});

test("two texts are said at a time, or as many as is set", async () => {
  expect((await narrator.find(readEnv({}))).engine).toMatchObject({ slots: 2 });
  expect((await narrator.find(readEnv({ NARRATOR_PROCESSES: "5" }))).engine).toMatchObject({ slots: 5 });
});

test.each([
  [{ VOICE_NAMES: "a" }, "VOICE_NAMES: VOICE_URL is missing"],
  [{ VOICE_URL: "http://a" }, "VOICE_URL: VOICE_NAMES is missing"],
  [{ ELEVENLABS_API_KEY: "x" }, "ELEVENLABS_API_KEY and ELEVENLABS_VOICES: one of them is missing"],
  [{ ELEVENLABS_VOICES: "a=b" }, "ELEVENLABS_API_KEY and ELEVENLABS_VOICES: one of them is missing"],
  [{ VOICE_URL: "http://a", VOICE_NAMES: "RMS" }, "there are two voices with the name `rms`"],
  [{ VOICE_DEFAULT: "nobody" }, "VOICE_DEFAULT: there is no voice `nobody`"],
])("%o is broken, and said so; voices of ours speak elsewhere", async (variables, trouble) => {
  const env = readEnv(variables);
  expect(await narrator.find(env)).toEqual({ engine: null, trouble: expect.stringContaining(trouble) });
  expect(voiceVariables(env)).toEqual({});
});

test("a wrong value is named, and no key is shown", () => {
  expect(() => readEnv({ VOICE_NAMES: "a b" })).toThrow("VOICE_NAMES=a b: `a b` is not one of `name,name=en+es`");
  expect(() => readEnv({ VOICE_URL: "ftp://x" })).toThrow("VOICE_URL=ftp://x: must be an address");
});

test("all voices are listed, with whether they are here", () => {
  const listed = voicesOf(readEnv(SET), false);
  const of = (name: string) => listed.find((voice) => voice.name === name);
  expect(of("rms")).toMatchObject({ source: "built_in", available: true, languages: ["en-US", "en"] });
  expect(of("espeak-hi")).toMatchObject({ source: "installed", available: false });
  expect(of("bella")).toMatchObject({ source: "operator", available: true, languages: ["en", "hi"] });
  expect(of("rachel")).toMatchObject({ source: "operator", languages: [] });
  expect(JSON.stringify(listed)).not.toContain("secret");
});
