import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FilmRequest } from "@smileloop/core/engine/speech-services.ts";
import type { ConvertCheck, ConvertRun } from "@smileloop/core/engine/tasks/convert.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import type { JobIo } from "../job-io.ts";
import { convertHandler } from "./convert.ts";

const FILM = { width: 360, height: 640, fps: 30, even: true, frames: 60, seconds: 2, sound: true, warnings: [] };
const PARAMS = { crf: 20, preset: "medium", audio_bitrate: "160k" };

/** What a job asks, and what comes of it. */
async function run(params: object = {}, film: object = {}) {
  const asked: (FilmRequest | ConvertRun | ConvertCheck)[] = [];
  const request = async (message: FilmRequest | ConvertRun | ConvertCheck): Promise<unknown> => {
    asked.push(message);
    if (message.type === "film") return { ...FILM, ...film };
    if (message.type === "run") return { outputs: { video: message.params.spec }, warnings: [], timings: {} };
    const video = { ...message.params.spec, duration: message.params.seconds, bytes: 9 };
    return { video, poster: { width: 360, height: 640, bytes: 3 }, warnings: [], timings: {} };
  };
  const io = {
    ...{ dir: join(tmpdir(), "nowhere"), engine: { request }, checker: { request }, serving: () => ({ request }) },
    provenance,
    input: async () => [{ path: "/video.mov", type: "video/quicktime", bytes: 9 }],
    timed: async (_: string, work: () => Promise<unknown>) => work(),
    options: () => ({ timeoutMs: 1000 }),
    expect: () => {},
    store: async (name: string, path: string, facts: object) => ({ name, path, ...facts }),
  } as unknown as JobIo;
  const handler = convertHandler({ presets: new Map(), maxVideoSeconds: 30 });
  const job = { record: { id: "a" } as unknown as JobRecord, params: { ...PARAMS, ...params } };
  const result = await handler.run(job, io);
  return { result, asked };
}

test("a video is looked at, converted as it was asked for, and checked beside what it was", async () => {
  const { result, asked } = await run({ crf: 28, preset: "slow", audio_bitrate: "96k" });
  const spec = { width: 360, height: 640, fps: 30, frames: 60 };
  expect(asked).toMatchObject([
    { type: "film", limits: { seconds: 30 } },
    { type: "run", params: { spec, even: true, crf: 28, preset: "slow", soundBitRate: 96_000 } },
    { type: "check", params: { spec, even: true, seconds: 2 } },
  ]);
  expect(result.outputs).toMatchObject({ video: { type: "video/mp4", bytes: 9 }, poster: { type: "image/jpeg" } });
  expect(result.warnings).toEqual([]);
});

test("frames keep their number where they are not evenly apart", async () => {
  const { asked } = await run({}, { even: false, fps: 27.4, frames: 51 });
  expect(asked[1]).toMatchObject({ params: { even: false, spec: { fps: 27.4, frames: 51 } } });
});

test("what is adjusted is told with figures", async () => {
  const { result, asked } = await run({ crf: 0 }, { fps: 480, frames: 960 });
  expect(asked[1]).toMatchObject({ params: { crf: 1, spec: { fps: 240, frames: 480 } } });
  expect(result.warnings.map(({ code }) => code)).toEqual(["fps_adjusted", "crf_adjusted"]);
});
