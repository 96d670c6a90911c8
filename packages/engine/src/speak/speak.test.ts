import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpeakCheckResult } from "@smileloop/core/engine/tasks/speak.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wavOf } from "../../../../test/support/sounds.ts";
import { say } from "../services/say.ts";
import type { TaskContext } from "../task.ts";
import { checkSpoken } from "./check.ts";
import { speak } from "./speak.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop speak "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const TEXT = "Good morning. It is a fine day, Mary.";
const provenance = { job: "the-job", engine: "the-engine", version: "3", mark: null };
const contextOf = (progress: TaskContext["progress"] = () => {}, signal = new AbortController().signal) => ({
  signal,
  progress,
});
const outputsOf = (name: string) => ({ sound: join(dir, name), spoken: join(dir, `${name}.json`) });
const run = (name: string, text = TEXT, context = contextOf()) =>
  speak(
    { type: "run", run: "r", kind: "speak", params: { text, speed: 1 }, outputs: outputsOf(name), provenance },
    context,
  );
const check = (name: string): Promise<SpeakCheckResult> =>
  checkSpoken({ type: "check", run: "c", kind: "speak", files: outputsOf(name) }, contextOf());

test.each([
  ["wav", { codec: "pcm_s16le", channels: 1, sample_rate: 16_000 }],
  ["mp3", { codec: "mp3", channels: 1, sample_rate: 48_000 }],
  ["m4a", { codec: "aac", channels: 1, sample_rate: 48_000 }],
])("a text becomes a .%s that says that a machine made it, and passes the check", async (ending, audio) => {
  const shares: number[] = [];
  const said = await run(
    `a.${ending}`,
    TEXT,
    contextOf((_stage, done, total) => shares.push(done / total)),
  );
  expect(said).toMatchObject({ voices: [{ name: "rms", language: "en" }], warnings: [] });
  expect([...shares].sort((a, b) => a - b)).toEqual(shares);
  expect(shares.at(-1)).toBe(1);
  const checked = await check(`a.${ending}`);
  expect(checked.audio).toMatchObject(audio);
  expect(checked.audio.duration).toBeCloseTo(said.seconds, 1);
  expect(checked.spoken.words).toBe(8);
  const bytes = (await readFile(join(dir, `a.${ending}`))).toString("latin1");
  expect(bytes).toMatch(/AI-generated \(synthetic media\) by SmileLoop; job=the-job; engine=the-engine 3/);
  expect(bytes).toContain("the voice in this sound is synthetic");
});

test("the same text gives the same bytes", async () => {
  await run("b.wav");
  await run("c.wav");
  expect((await readFile(join(dir, "b.wav"))).equals(await readFile(join(dir, "c.wav")))).toBe(true);
});

test("a text that nobody can say leaves no file", async () => {
  await expect(run("d.mp3", "ไทย")).rejects.toThrow("params.text has letters of the script Thai");
  expect([existsSync(join(dir, "d.mp3")), existsSync(join(dir, "d.mp3.wav"))]).toEqual([false, false]);
});

test("the service tells the times in its reply", async () => {
  const asked = (text: string) =>
    say({ type: "say", run: "s", params: { text, speed: 2 }, outputs: outputsOf("e.wav") }, contextOf());
  const short = await asked("Hello Mary");
  expect(short.spoken).toMatchObject({ words: [{ text: "Hello" }, { text: "Mary" }] });
});

test.each([
  ["is silent", wavOf([new Float32Array(16_000)], 16_000), 0.5, "The sound is silent."],
  [
    "is shorter than its words",
    wavOf([Float32Array.from({ length: 8000 }, (_, n) => Math.sin(n / 9) / 2)], 16_000),
    2,
    "ends at 0.50 s",
  ],
  ["is no sound", Buffer.from("nothing of the kind"), 0.5, "The sound cannot be decoded."],
])("the check refuses a file that %s", async (_, bytes, end, why) => {
  await writeFile(join(dir, "f.wav"), bytes);
  const spoken = { voices: [{ name: "x", language: "en" }], words: [{ text: "a", start: 0, end }], phones: [] };
  await writeFile(join(dir, "f.wav.json"), JSON.stringify(spoken));
  await expect(check("f.wav")).rejects.toMatchObject({
    code: "check_unreadable",
    message: expect.stringContaining(why),
  });
});
