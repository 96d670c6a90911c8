import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LipsyncCheck } from "@smileloop/core/engine/tasks/lipsync.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { arrangeMotion, type Sync, syncedTimes } from "@smileloop/core/speech/sync.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { lipsync } from "../lip/lipsync.ts";
import { readFilm } from "../media/film-reader.ts";
import { openSound } from "../media/sound-reader.ts";
import { readVideo } from "../media/video-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { castPicture } from "../services/cast.ts";
import { film } from "../services/film.ts";
import { talk } from "../warp/talk.ts";
import { checkLipsync } from "./lipsync.ts";

const HOPPER = fileURLToPath(new URL("../../../../test/fixtures/grace_hopper.jpg", import.meta.url));
const context = { signal: new AbortController().signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-check-lipsync-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FPS = 25;
const SECONDS = 4;
const FRAMES = SECONDS * FPS;
const mp4 = (name: string) => ({ path: join(dir, name), type: "video/mp4" });
const given = mp4("given.mp4");
const made = mp4("made.mp4");
const sync: Sync = { mode: "cut_off", video: SECONDS, sound: SECONDS };

/** Syllables at these times, s, of these sizes. */
function words(syllables: [at: number, size: number][]): MotionFrames {
  const jawOpen = Array.from({ length: FRAMES }, (_, n) =>
    syllables.reduce((sum, [at, size]) => sum + size * Math.exp(-(((n / FPS - at) / 0.09) ** 2)), 0),
  );
  return { fps: FPS, frames: FRAMES, faces: [{ channels: { jawOpen } as Partial<Record<Channel, number[]>> }] };
}
const OLD = words([0.4, 0.7, 1, 1.3, 1.6, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4].map((at, i) => [at, 0.3 + 0.07 * (i % 5)]));
const NEW = words([0.55, 1.15, 1.5, 2.4, 2.65, 3.2, 3.6].map((at, i) => [at, 0.55 - 0.08 * (i % 4)]));

function voice(name: string, { faces }: MotionFrames) {
  const path = join(dir, name);
  const jaw = faces[0]!.channels.jawOpen!;
  const samples = Float32Array.from({ length: SECONDS * 48_000 }, (_, i) => {
    const loud = Math.min(1, 2 * jaw[Math.min(FRAMES - 1, Math.floor((i / 48_000) * FPS))]!);
    return 0.25 * loud * Math.sin((2 * Math.PI * 160 * i) / 48_000 + 3 * Math.sin(i / 3000));
  });
  writeFileSync(path, wavOf([samples], 48_000));
  return { path, type: "audio/wav" };
}

let sound: { path: string; type: string };
beforeAll(async () => {
  const { cast } = await castPicture(HOPPER, { size: 256, face: 0 });
  const image = [{ path: HOPPER, type: "image/jpeg" }];
  const inputs = { image, audio: [voice("old.wav", OLD)] };
  const old = { kind: "talk" as const, inputs, cast, motion: OLD, params: { seed: 1 } };
  await talk({ type: "run", run: "r", ...old, outputs: { video: given.path }, provenance }, context);
  sound = voice("new.wav", NEW);
  const run = { kind: "lipsync" as const, inputs: { video: [given], audio: [sound] }, motion: NEW };
  const asked = { ...run, params: { sync, face: 0 }, outputs: { video: made.path }, provenance };
  await lipsync({ type: "run", run: "r", ...asked }, context);
});

function checked({
  motion = NEW,
  audio = sound,
  video = made.path,
}: {
  motion?: MotionFrames;
  audio?: typeof sound;
  video?: string;
} = {}) {
  const request: LipsyncCheck = {
    ...{ type: "check", run: "c", kind: "lipsync", inputs: { video: [given], audio: [audio] }, motion },
    ...{ params: { sync, face: 0, speechShare: 0.6 }, files: { video } },
  };
  return checkLipsync(request, context);
}

/** The finished video with other pixels. */
async function changed(name: string, change: (yuv: Uint8Array, frame: number) => void): Promise<string> {
  const { path } = mp4(name);
  const heard = await openSound(sound);
  const writer = await openVideoWriter({ path, width: 256, height: 256, fps: FPS, provenance, sound: heard });
  let frame = 0;
  await readFilm(made.path, {
    ...{ signal: context.signal, maxSeconds: 10 },
    onFrame: async ({ yuv }) => {
      const pixels = yuv();
      change(pixels, frame++);
      await writer.write(pixels);
    },
  });
  await writer.close();
  await heard.close();
  return path;
}

test("what the engine makes is accepted, with what the file has", async () => {
  const { video, warnings } = await checked();
  expect(video).toMatchObject({ width: 256, height: 256, fps: FPS, frames: FRAMES, audio: { codec: "aac" } });
  expect(warnings).toEqual([]);
});

test("somebody who says nothing is given a mouth that is drawn, with a warning, and the check accepts it", async () => {
  const { cast } = await castPicture(HOPPER, { size: 256, face: 0 });
  const silent = mp4("silent.mp4");
  const head = Array.from({ length: FRAMES }, (_, n) => 4 * Math.sin(n / 12));
  const motion = { ...NEW, faces: [{ channels: { headYaw: head } }] };
  const inputs = { image: [{ path: HOPPER, type: "image/jpeg" }], audio: [sound] };
  const still = { kind: "talk" as const, inputs, cast, motion, params: { seed: 1 } };
  await talk({ type: "run", run: "r", ...still, outputs: { video: silent.path }, provenance }, context);
  const drawn = mp4("drawn.mp4");
  const run = { kind: "lipsync" as const, inputs: { video: [silent], audio: [sound] }, motion: NEW };
  const asked = { ...run, params: { sync, face: 0 }, outputs: { video: drawn.path }, provenance };
  const made = await lipsync({ type: "run", run: "r", ...asked }, context);
  expect(made.warnings).toMatchObject([
    { code: "mouth_drawn", detail: expect.stringMatching(/hardly part.* of the distance/) },
  ]);
  const judged: LipsyncCheck = {
    ...{ type: "check", run: "c", ...run, params: { sync, face: 0, speechShare: 0.6 }, files: { video: drawn.path } },
  };
  expect((await checkLipsync(judged, context)).warnings).toEqual([]);
});

test("the given video itself says other words", async () => {
  await expect(
    checked({ video: given.path, audio: { path: join(dir, "old.wav"), type: "audio/wav" } }),
  ).rejects.toMatchObject({
    code: expect.stringMatching(/^check_(other_motion|out_of_sync)$/),
  });
});

test("another sound than the one that was given is found", async () => {
  await expect(checked({ video: given.path })).rejects.toMatchObject({ code: "check_out_of_sync" });
});

test("a video as phones record it, its frames not evenly apart, keeps their times", async () => {
  const apart = [33, 34, 50, 67, 20, 33, 100];
  const stamps = [0];
  while (stamps.at(-1)! < SECONDS - 0.1) stamps.push(stamps.at(-1)! + apart[stamps.length % apart.length]! / 1000);
  const shown: Uint8Array[] = [];
  await readFilm(given.path, {
    ...{ signal: context.signal, maxSeconds: 10 },
    onFrame: ({ yuv }) => {
      shown.push(yuv());
    },
  });
  const [phone, result] = [mp4("phone.mp4"), mp4("phone-made.mp4")];
  const size = { width: 256, height: 256, fps: 25 };
  const writer = await openVideoWriter({ path: phone.path, ...size, times: [...stamps, SECONDS], provenance });
  for (const at of stamps) await writer.write(shown[Math.min(FRAMES - 1, Math.round(at * FPS))]!);
  await writer.close();

  const limits = { seconds: SECONDS + 1 };
  const found = await film({ type: "film", run: "f", inputs: { video: [phone] }, limits }, context);
  expect(found.stamps).toEqual(stamps.map((at) => expect.closeTo(at, 4)));
  const times = syncedTimes(sync, found.stamps!);
  const inputs = { video: [phone], audio: [sound] };
  const asked = { kind: "lipsync" as const, inputs, motion: arrangeMotion(NEW, sync, times) };
  const params = { sync, times, face: 0 };
  await lipsync({ type: "run", run: "r", ...asked, params, outputs: { video: result.path }, provenance }, context);
  expect((await readVideo(result.path)).times).toEqual(stamps.map((at) => expect.closeTo(at, 4)));

  const check = (changed: number[]) => {
    const judged = { ...params, times: changed, speechShare: 0.6 };
    return checkLipsync({ type: "check", run: "c", ...asked, params: judged, files: { video: result.path } }, context);
  };
  const { video, warnings } = await check(times);
  expect(video).toMatchObject({ frames: stamps.length, duration: expect.closeTo(SECONDS, 1) });
  expect(warnings).toEqual([]);
  const late = times.map((at, n) => (n === 20 ? at + 0.01 : at));
  await expect(check(late)).rejects.toMatchObject({ code: "check_wrong_shape", message: /frame 20 at/ });
});

test("what is beside the mouth may not change", async () => {
  const path = await changed("sign.mp4", (yuv) => {
    for (let y = 4; y < 30; y++) yuv.fill(235, y * 256 + 4, y * 256 + 40);
  });
  await expect(checked({ video: path })).rejects.toMatchObject({
    code: "check_other_motion",
    message: /beside the mouth/,
  });
});

test("a video without its last second has another shape", async () => {
  const frames = FRAMES - FPS;
  const jaw = NEW.faces[0]!.channels.jawOpen!;
  const longer = {
    ...NEW,
    frames: frames + 2 * FPS,
    faces: [{ channels: { jawOpen: [...jaw, ...jaw.slice(0, FPS)] } }],
  };
  await expect(checked({ motion: longer })).rejects.toMatchObject({ code: "check_wrong_shape" });
});
