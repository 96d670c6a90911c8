import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { InsertCheck, InsertRun } from "@smileloop/core/engine/tasks/insert.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sayWav, spokenSound, stripedFilm, surveyOf } from "../../../../test/support/personalized.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { insertWords, readSurvey } from "../insert/insert.ts";
import { readWords } from "../insert/words.ts";
import { copyFilm } from "../media/copied-film.ts";
import { marksOf } from "../media/marks.ts";
import { SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { checkInsert } from "./insert.ts";

const context = { signal: new AbortController().signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-insert-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NAMES = { amit: "Amit", sumit: "Sumit", amita: "Amita", ram: "Ram" };
type Name = keyof typeof NAMES;
const TIERS = {
  silver: { place: "beside", params: { fits: false, gap_seconds: 0.12, as_long_as: "sound" }, ending: "mp3" },
  gold: { place: "first", params: { fits: true, gap_seconds: 0.12, as_long_as: "picture" }, ending: "mp4" },
  diamond: { place: "first", params: { fits: false, gap_seconds: 0.12, as_long_as: "picture" }, ending: "mp4" },
} as const;
type Tier = keyof typeof TIERS;

const marks = marksOf(provenance, "video", "voice");
let video: EngineFile;
let other: EngineFile;
const words = {} as Record<Name, EngineFile>;
const surveys = {} as Record<Tier, EngineFile>;
const made = new Map<string, string>();

function asked(tier: Tier, said: EngineFile): Pick<InsertRun, "run" | "kind" | "inputs" | "params"> {
  const inputs = { video: [video], survey: [surveys[tier]], words: [said] };
  return { run: "r", kind: "insert", inputs, params: TIERS[tier].params };
}
function filesOf(tier: Tier, path: string): InsertCheck["files"] {
  return TIERS[tier].ending === "mp4" ? { video: path } : { sound: path };
}
async function insert(tier: Tier, name: Name) {
  const path = join(dir, `${tier}-${name}.${TIERS[tier].ending}`);
  made.set(`${tier}-${name}`, path);
  return insertWords({ type: "run", ...asked(tier, words[name]), outputs: filesOf(tier, path), provenance }, context);
}
function check(tier: Tier, path: string, said: EngineFile) {
  return checkInsert({ type: "check", ...asked(tier, said), picture: "same", files: filesOf(tier, path) }, context);
}

function silence(seconds: number): Pick<Sound, "channels" | "read"> {
  let left = Math.round(seconds * SOUND_RATE);
  return {
    channels: 1,
    read(into) {
      const count = Math.min(left, into[0]!.length);
      left -= count;
      into[0]!.fill(0, 0, count);
      return count;
    },
  };
}

beforeAll(async () => {
  const sentences: [number, string][] = [
    [0.6, "Dear friend"],
    [2.1, "welcome to our new shop"],
    [4.4, "we are happy to see you"],
  ];
  video = await stripedFilm(join(dir, "base.mp4"), await spokenSound(dir, { seconds: 6.4, sentences }));
  const others: [number, string][] = [
    [0.6, "Dear all"],
    [2.1, "nothing of this is true"],
  ];
  other = await stripedFilm(join(dir, "other.mp4"), await spokenSound(dir, { seconds: 6.4, sentences: others }));
  for (const [name, text] of Object.entries(NAMES)) words[name as Name] = await sayWav(dir, name, text, "rms");
  for (const tier of Object.keys(TIERS) as Tier[]) {
    surveys[tier] = await surveyOf(video, join(dir, `${tier}.json`), TIERS[tier]);
    for (const name of ["amit", "amita", "sumit"] as const) await insert(tier, name);
  }
});

test.each(Object.keys(TIERS) as Tier[])("%s: each file says its own words, and no other name", async (tier) => {
  for (const name of ["amit", "amita", "sumit"] as const) {
    const path = made.get(`${tier}-${name}`)!;
    const { likenesses, video: picture, sound } = await check(tier, path, words[name]);
    expect(likenesses[0], name).toBeGreaterThan(0.8);
    if (TIERS[tier].ending === "mp4")
      expect(picture).toMatchObject({ frames: 160, width: 64, audio: { codec: "aac" } });
    else expect(sound).toMatchObject({ codec: "mp3", channels: 1 });
    for (const wrong of Object.keys(NAMES) as Name[]) {
      if (wrong === name) continue;
      await expect(check(tier, path, words[wrong]), `${name} as ${wrong}`).rejects.toMatchObject({
        code: expect.stringMatching(/^check_(other_words|out_of_sync)$/),
      });
    }
  }
});

test("the rest of the video is as it was: the pictures packet by packet, and what is said after the words", async () => {
  const { said, changed } = await insert("gold", "amit");
  const survey = await readSurvey(surveys.gold);
  const [place] = survey.places;
  expect(said[0]!.from).toBeCloseTo(place!.from, 2);
  expect(changed).toHaveLength(1);
  expect(changed[0]!.from).toBeGreaterThan(place!.from - 0.15);
  expect(changed[0]!.to).toBeLessThan(place!.to + 0.25);
});

test("half a name, silence, another video's sound and other pictures are refused", async () => {
  const { samples: whole } = await readWords(words.amita);
  const half = join(dir, "half.wav");
  writeFileSync(half, wavOf([whole.map((value, i) => (i < whole.length / 2 ? value : 0))], 48_000));
  // as if only the half had been put in, at the place and the pace of the whole
  const path = join(dir, "half.mp4");
  const cut = { path: half, type: "audio/wav" };
  const padded = { ...cut, path: join(dir, "padded.wav") };
  writeFileSync(padded.path, wavOf([whole.map((value, i) => (i < whole.length / 2 ? value : value * 0.006))], 48_000));
  await insertWords({ type: "run", ...asked("diamond", padded), outputs: { video: path }, provenance }, context);
  await expect(check("diamond", path, words.amita)).rejects.toMatchObject({ code: "check_other_words" });

  await expect(check("gold", video.path, words.amit)).rejects.toMatchObject({ code: "check_other_words" });
  const mute = join(dir, "mute.mp4");
  // the very pictures, encoded once: two encodings need not be the same on every machine
  await copyFilm(video.path, mute, { first: 0, seconds: 6.4, sound: silence(6.4), marks, signal: context.signal });
  await expect(check("gold", mute, words.amit)).rejects.toMatchObject({ code: "check_other_words" });
  const moved = join(dir, "moved.mp4");
  copyFileSync(other.path, moved);
  await expect(check("gold", moved, words.amit)).rejects.toMatchObject({
    code: expect.stringMatching(/^check_(changed_beside|other_words|out_of_sync)$/),
  });
});

test("a longer text is refused with how long it is, and leaves no file", async () => {
  const long = await sayWav(dir, "long", "This is a text that goes on and on. ".repeat(6), "rms");
  const path = join(dir, "long.mp4");
  const run = { type: "run" as const, ...asked("gold", long), outputs: { video: path }, provenance };
  await expect(insertWords(run, context)).rejects.toMatchObject({
    code: "words_too_long",
    message: expect.stringMatching(/they last \d+\.\d s/),
  });
  await expect(openSound({ path, type: "video/mp4" })).rejects.toMatchObject({ code: "input_unreadable" });
});

test("a video without speech, or without sound, has no place for words", async () => {
  const quiet = await stripedFilm(join(dir, "quiet.mp4"), new Float32Array(2 * 48_000));
  await expect(surveyOf(quiet, join(dir, "quiet.json"), { place: "first" })).rejects.toMatchObject({
    code: "no_speech",
    message: expect.stringMatching(/nothing in it is louder than -30 dB.*silence_db/),
  });
});
