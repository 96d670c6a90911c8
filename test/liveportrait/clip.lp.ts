/** From a photo to an MP4 as a worker has it made: the real classes with random weights, and what becomes of processes that break. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { finishResultSchema } from "@smileloop/core/engine/finish-service.ts";
import { extractResultSchema } from "@smileloop/core/engine/services.ts";
import { type AnimateRun, animateRunResultSchema } from "@smileloop/core/engine/tasks/animate.ts";
import { createLog } from "@smileloop/core/log.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { toPlanes } from "@smileloop/engine/media/planes.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { createEngineProcess, type EngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Told, toldOf } from "../support/asked.ts";
import { CONTAINER, IMAGE, LACKING, openFolder, PYTHON, ROOT, standIn, WEIGHTS } from "./setting.ts";

const HOST = fileURLToPath(import.meta.resolve("@smileloop/engine/host.ts"));
const ENV = { PYTHONPATH: CONTAINER, PATH: "/usr/bin:/bin", OMP_NUM_THREADS: "2" };
const PROVENANCE = { job: "0192f", engine: "liveportrait", version: "1", mark: null };

describe.skipIf(LACKING !== "")(`a clip by LivePortrait${LACKING && ` (skipped: ${LACKING})`}`, () => {
  let place: Awaited<ReturnType<typeof openFolder>>;
  const processes: EngineProcess[] = [];
  beforeEach(async () => {
    place = await openFolder();
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.stop()));
    place.remove();
  });

  const processOf = (command: string, args: string[], env: Record<string, string> = ENV): EngineProcess => {
    const limits = { startMs: 300_000, rssBytes: 12 * 1024 ** 3 };
    const log = createLog({ level: "silent" });
    const started = createEngineProcess({
      command,
      args,
      env,
      name: "test",
      workRoot: join(place.dir, "work"),
      log,
      limits,
    });
    processes.push(started);
    return started;
  };
  const standInOf = (...options: string[]) => {
    const [command, ...args] = standIn(...options);
    return processOf(command!, args);
  };
  const realEngine = () =>
    processOf(PYTHON, [
      ...["-B", "-m", "liveportrait", "--root", ROOT, "--weights", WEIGHTS, "--cache", join(place.dir, "cache")],
      ...["--device", "cpu", "--detector", `points:${place.points}`],
    ]);
  type Request = Omit<AnimateRun, "run"> & Told["run"];
  const run = async (frames: number, name: string): Promise<Request> => {
    const channels = { jawOpen: ramp(frames, 0.5), headYaw: ramp(frames, 8), eyeBlinkLeft: ramp(frames, 1) };
    const told = await toldOf({ image: IMAGE, seed: 7, motion: { fps: 29.97, frames, faces: [{ channels }] } });
    return { type: "run", ...told.run, outputs: { video: join(place.dir, name) }, provenance: PROVENANCE };
  };
  const made = async (engine: EngineProcess, frames: number, name: string) => {
    const options = { result: animateRunResultSchema, timeoutMs: 120_000 };
    return (await engine.request(await run(frames, name), options)).outputs.video.frames;
  };

  test("real classes, random weights: three frames at 29.97 a second, and the file says what made it", async () => {
    const weights = join(CONTAINER, "tools", "random_weights.py");
    const made = spawnSync(PYTHON, ["-B", weights, "--root", ROOT, "--out", WEIGHTS], { encoding: "utf8" });
    expect(made.status, made.stderr).toBe(0);
    const engine = realEngine();
    expect(await engine.ready()).toMatchObject({ engine: "liveportrait", kinds: ["animate"], services: ["extract"] });
    const request = await run(3, "clip.mp4");
    const shares: number[] = [];
    const options = {
      result: animateRunResultSchema,
      timeoutMs: 500_000,
      onProgress: (at: { done: number; total: number }) => shares.push(at.done / at.total),
    };
    const { outputs, warnings } = await engine.request(request, options);
    expect(outputs.video).toEqual({ width: 256, height: 256, fps: 29.97, frames: 3 });
    expect(warnings).toEqual([]);
    expect(shares.at(-1)).toBe(1);

    const helper = processOf(process.execPath, [HOST, "--kinds", "", "--checks", "", "--services", "finish"], {});
    const { frames, video: spec } = outputs;
    const { provenance } = request;
    await helper.request(
      { type: "finish", frames, spec, outputs: request.outputs, provenance },
      { result: finishResultSchema, timeoutMs: 60_000 },
    );
    expect(await readVideo(request.outputs.video)).toMatchObject({
      ...{ width: 256, height: 256, frames: 3, constantRate: true, fps: expect.closeTo(29.97, 2) },
      tags: { comment: expect.stringContaining("engine=liveportrait 1") },
    });
  });

  test("real classes: a driving clip becomes LivePortrait's own track, which the next request renders", async () => {
    const clip = join(place.dir, "driving.mp4");
    const { width, height, planes } = await portrait();
    const writer = await openVideoWriter({ path: clip, width, height, fps: 25, provenance: PROVENANCE });
    for (let frame = 0; frame < 13; frame++) await writer.write(planes);
    await writer.close();
    const engine = realEngine();
    const driving = { path: clip, type: "video/mp4" };
    const options = { timeoutMs: 500_000 };
    const read = await engine.request(
      { type: "extract", inputs: { driving: [driving] }, limits: { seconds: 10 } },
      { ...options, result: extractResultSchema },
    );
    expect(read.source).toMatchObject({ kind: "video", frames: 13, width, height, faces: 1 });
    const file = join(place.dir, "driving.npz");
    const native = { liveportrait: { file } };
    expect(read.motion).toMatchObject({ native });
    const asked = await run(1, "driven.mp4");
    const result = animateRunResultSchema;
    const driven = await engine.request({ ...asked, motion: { ...asked.motion, native } }, { ...options, result });
    expect(driven).toMatchObject({ outputs: { video: { frames: 1 } }, ignoredChannels: [] });
    const elsewhere = { ...asked.motion, native: { liveportrait: { file: "/etc/passwd" } } };
    const stolen = engine.request({ ...asked, motion: elsewhere }, { ...options, result });
    await expect(stolen).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("a job that crashes the process fails with it; the next one is made by another", async () => {
    const engine = standInOf("--crash-at", "13");
    await expect(made(engine, 13, "poison.mp4")).rejects.toMatchObject({ code: "engine_crashed" });
    expect(await made(engine, 4, "next.mp4")).toBe(4);
  });

  test("a card that is gone ends the process, and the job is told so", async () => {
    const engine = standInOf("--lose-device-at", "5");
    await expect(made(engine, 5, "lost.mp4")).rejects.toMatchObject({ code: "device_lost" });
  });

  test("a card with too little memory makes the same clip, or says that there is none", async () => {
    const small = standInOf("--most-frames", "2");
    expect(await made(small, 5, "small.mp4")).toBe(5);
    const none = standInOf("--most-frames", "0");
    await expect(made(none, 5, "none.mp4")).rejects.toMatchObject({ code: "engine_out_of_memory" });
    await expect(made(none, 5, "again.mp4")).rejects.toMatchObject({ code: "engine_out_of_memory" });
  });
});

/** The sample portrait as one frame. */
async function portrait() {
  const { data, width, height } = await decodePicture(IMAGE, { maxSide: 300 });
  const even = { width: width - (width % 2), height: height - (height % 2) };
  expect([width, height]).toEqual([even.width, even.height]);
  const { y, u, v } = toPlanes(data, width, height);
  return { ...even, planes: new Uint8Array(Buffer.concat([y, u, v])) };
}

function ramp(frames: number, top: number): number[] {
  return Array.from({ length: frames }, (_, frame) => (top * frame) / Math.max(1, frames - 1));
}
