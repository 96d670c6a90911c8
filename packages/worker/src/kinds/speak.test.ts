import { join } from "node:path";
import type { SpeakCheck, SpeakRun } from "@smileloop/core/engine/tasks/speak.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import type { JobIo } from "../job-io.ts";
import { speakHandler } from "./speak.ts";

const said = {
  seconds: 1,
  rate: 16_000,
  voices: [{ name: "rms", language: "en" }],
  warnings: [{ code: "a", detail: "A." }],
  timings: {},
};
const checked = {
  audio: { codec: "mp3", channels: 1, sample_rate: 48_000, duration: 1.2, bytes: 9 },
  spoken: { bytes: 7, words: 2 },
  ...{ warnings: [{ code: "b", detail: "B." }], timings: {} },
};

async function run(params: Record<string, unknown>, engine: () => unknown = () => said) {
  const asked: Array<SpeakRun | SpeakCheck> = [];
  const stored: unknown[][] = [];
  const process = (answer: () => unknown) => ({
    request: async (request: SpeakRun | SpeakCheck) => {
      asked.push(request);
      return answer();
    },
  });
  const io = {
    ...{ dir: "/job", provenance, options: () => ({}) },
    ...{ engine: process(engine), checker: process(() => checked) },
    timed: (_stage: string, work: () => Promise<unknown>) => work(),
    store: async (...args: unknown[]) => {
      stored.push(args);
      return args[0];
    },
  } as unknown as JobIo;
  const result = await speakHandler().run({ record: {} as JobRecord, params }, io);
  return { result, asked, stored };
}

test("a text is said, checked and stored", async () => {
  const params = { text: "Hi", speed: 1, voice: "rms", pronounce: { Hi: "high" } };
  const { result, asked, stored } = await run({ ...params, format: "mp3", engine: "narrator" });
  const files = { sound: join("/job", "audio.mp3"), spoken: join("/job", "spoken.json") };
  expect(asked).toEqual([
    { type: "run", kind: "speak", params, outputs: files, provenance },
    { type: "check", kind: "speak", files },
  ]);
  const audio = { codec: "mp3", channels: 1, sample_rate: 48_000 };
  expect(stored).toEqual([
    ["audio", files.sound, { type: "audio/mpeg", bytes: 9, duration: 1.2, audio }],
    ["spoken", files.spoken, { type: "application/json", bytes: 7 }],
  ]);
  expect(result.warnings.map(({ code }) => code)).toEqual(["a", "b"]);
});

test("a voice that is not available is the job's error, and nothing is stored", async () => {
  const fails = () => {
    throw new AppError("voice_unavailable", "The voice x is not available.");
  };
  await expect(run({ text: "Hi", speed: 1, format: "wav" }, fails)).rejects.toMatchObject({
    code: "voice_unavailable",
  });
});
