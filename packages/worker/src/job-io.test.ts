import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import type { FinishRequest } from "@smileloop/core/engine/finish-service.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import type { Files } from "@smileloop/core/files.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COPIED, unsigned } from "../../../test/support/signing.ts";
import { createJobIo, type JobIo } from "./job-io.ts";
import type { EngineProcess } from "./process/engine-process.ts";

const spec = { width: 64, height: 48, fps: 25, frames: 2 };
const JOB = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop io "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Of an engine with these services; whatever is asked is noted, with who was asked, and is done. */
function io(services: string[], files = {} as Files): { io: JobIo; asked: [string, FinishRequest][] } {
  const asked: [string, FinishRequest][] = [];
  const process = (name: string) =>
    ({
      request: async (request: FinishRequest) => {
        asked.push([name, request]);
        const audio = { codec: "aac", channels: 2, sample_rate: 48_000 };
        return { video: request.spec, ...(request.audio && { audio }), timings: { encode: 1 } };
      },
    }) as unknown as EngineProcess;
  const made = createJobIo({
    ...{
      dir,
      files,
      record: { id: JOB, owner: "me", attempt: 1, estimate_s: 1, inputs: {} } as unknown as JobRecord,
      clock: systemClock,
    },
    ...{ signal: new AbortController().signal, stages: { render: [0, 100] }, report: () => {} },
    ...{
      engine: process("engine"),
      checker: process("checker"),
      helpers: [{ services: ["finish"], process: process("helper") }],
    },
    ...{
      estimate: () => 1,
      queueOf: () => "short",
      requireDoable: () => {},
      publish: async () => {},
      secrets: () => ({}),
    },
    signing: unsigned,
    marking: COPIED,
    ready: { type: "ready", protocol: 2, engine: "e", version: "1", kinds: [], checks: [], services },
  });
  return { io: made, asked };
}

test("an output has a plain name", async () => {
  const path = join(dir, "output");
  await writeFile(path, "hello");
  for (const name of ["../video", "", "Video", "a/b", "__proto__"]) {
    await expect(io([]).io.store(name, path, { type: "video/mp4" }), name).rejects.toThrow("cannot be called");
  }
});

test("what is stored is a regular file", async () => {
  await mkdir(join(dir, "video"));
  await symlink("/etc/hostname", join(dir, "link"));
  for (const name of ["video", "link"]) {
    const stored = io([]).io.store("video", join(dir, name), { type: "video/mp4" });
    await expect(stored).rejects.toMatchObject({ code: "engine_failed" });
  }
});

test("frames and a sound become a video by whichever process finishes, and what it says of the sound comes back", async () => {
  const frames = { path: join(dir, "frames.yuv"), pixels: "yuv420p" as const };
  const video = join(dir, "video.mp4");
  const sound = { path: join(dir, "sound.wav"), type: "audio/wav", bytes: 9 };
  for (const [services, who] of [
    [[], "helper"],
    [["finish"], "engine"],
  ] as [string[], string][]) {
    await writeFile(frames.path, "frames");
    const made = io(services);
    const finished = await made.io.finish(frames, spec, { video }, sound);
    expect(finished.audio).toEqual({ codec: "aac", channels: 2, sample_rate: 48_000 });
    expect(existsSync(frames.path)).toBe(false);
    const provenance = { job: JOB, engine: "e", version: "1", mark: null };
    const { path, type } = sound;
    expect(made.asked).toEqual([
      [who, { type: "finish", frames, audio: { path, type }, spec, outputs: { video }, provenance }],
    ]);
  }
  const silent = io([]);
  expect(await silent.io.finish(frames, spec, { video })).toEqual({ video: spec, timings: { encode: 1 } });
  expect(silent.asked[0]![1]).not.toHaveProperty("audio");
});

test("what is said of an output is rounded to what can be meant", async () => {
  const path = join(dir, "clip.mp4");
  await writeFile(path, "clip");
  const files = memoryFiles({ clock: systemClock, links: createLocalLinks(Buffer.alloc(32)) });
  const { store } = io([], files).io;
  // 70 frames in a time base of 1/25, and NTSC's rate
  const stored = await store("video", path, { type: "video/mp4", duration: 70 * 0.04, fps: 30_000 / 1001 });
  expect([70 * 0.04, stored.duration, stored.fps]).toEqual([2.8000000000000003, 2.8, 29.97]);
  expect(await store("text", path, { type: "text/plain" })).not.toHaveProperty("duration");
});

test("a service is asked of the process that the worker has for it, else of the engine, else of nobody", () => {
  const both = io(["finish", "extract"]).io;
  expect(both.serving("finish")).not.toBe(both.engine);
  expect(both.serving("extract")).toBe(both.engine);
  expect(() => io([]).io.serving("say")).toThrow(
    expect.objectContaining({ code: "engine_failed", message: "No process of this worker offers say." }),
  );
});
