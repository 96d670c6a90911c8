import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessVideoCheck, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { type ProcessorStep, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { scaledSize } from "@smileloop/core/faces/scale.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cutout, cutout, type Placed, writeFilm } from "../../../../test/support/films.ts";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { clicksIn, clickTrack, heardIn, wavOf } from "../../../../test/support/sounds.ts";
import { checkProcessedVideo } from "../check/process-video.ts";
import { film } from "../services/film.ts";
import { processVideo } from "./process-video.ts";
import { facesAt, trackFaces } from "./tracks.ts";

const { signal } = new AbortController();
const context = { signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-process-video-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SIZE = { width: 480, height: 256 };
const CUT = 28;
const FRAMES = 34;
const two = join(dir, "two.mp4");
const DEBUGGER = processorStepSchema.parse({ name: "face_debugger", items: ["bounding-box"] });

let astronaut: Cutout;
let hopper: Cutout;
/** Both sway; she is not there in ten frames; after a cut each stands where the other one stood. */
const shown = (n: number): Placed[] => [
  { picture: astronaut, x: n < CUT ? Math.round(6 * Math.sin(n / 4)) : 224, y: 0 },
  ...(n >= 8 && n < 18 ? [] : [{ picture: hopper, x: n < CUT ? 270 : 10, y: 20 + Math.round(4 * Math.cos(n / 4)) }]),
];
beforeAll(async () => {
  [astronaut, hopper] = await Promise.all([cutout(ASTRONAUT, 256, 256), cutout(GRACE_HOPPER, 200, 234)]);
  await writeFilm({ path: two, ...SIZE, frames: FRAMES, show: shown });
});

type Asked = Partial<ProcessVideoRun["params"]> & { scale?: number; fps?: number; processors?: ProcessorStep[] };

/** The result and its check. */
async function processed(path: string, name: string, { scale = 100, fps, ...params }: Asked = {}) {
  const target = { path, type: "video/mp4" };
  const given = await film({ type: "film", run: "r", inputs: { video: [target] }, limits: { seconds: 60 } }, context);
  const times = fps === undefined && given.stamps ? [...given.stamps, given.seconds] : undefined;
  const rate = fps ?? (times ? given.frames / given.seconds : given.fps);
  const size = scaledSize(given, scale, { even: true });
  const spec = { ...size, fps: rate, frames: Math.max(1, Math.round(given.seconds * rate)) };
  const usual = { processors: [DEBUGGER], faces: "all" as const, face: 0, detector: { score: 0.5 } };
  const asked = { ...usual, spec, ...(times && { times }), ...params };
  const task = { run: "r", kind: "process_video" as const, inputs: { target: [target], source: [] } };
  const video = join(dir, name);
  const poster = { path: join(dir, `${name}.jpg`), frame: 0 };
  const execution = { providers: ["cpu"], threads: 1 };
  const outputs = { video, poster };
  const made = await processVideo(
    { ...task, type: "run", params: { ...asked, execution }, outputs, provenance },
    context,
  );
  const check: ProcessVideoCheck = {
    ...{ ...task, type: "check", params: { ...asked, changed: made.frames.changed }, files: outputs },
  };
  return { made, spec, video, check, checked: () => checkProcessedVideo(check, { signal }) };
}

test("each person is one track, through an absence and over a cut, and landmarks do not lag", async () => {
  const tracked = await trackFaces(two, { maxSeconds: 10, score: 0.5, signal, progress() {} });
  expect(tracked.shots).toEqual([0, CUT]);
  const trackAt = (n: number, left: boolean) =>
    facesAt(tracked, n).find(({ box }) => box.x + box.width / 2 < SIZE.width / 2 === left)?.track;
  const [her, him] = [trackAt(0, true), trackAt(0, false)];
  expect([her, him].sort()).toEqual([0, 1]);
  expect([7, 12, 22, 27].map((n) => trackAt(n, true))).toEqual([her, her, her, her]);
  expect([7, 12, 17, 18, 27].map((n) => trackAt(n, false))).toEqual([him, undefined, undefined, him, him]);
  expect([trackAt(CUT, true), trackAt(CUT + 3, false)]).toEqual([him, her]);
  // the astronaut's own sway, found again in her nose
  const nose = (n: number) => facesAt(tracked, n).find(({ track }) => track === her)!.points[4 * 3]!;
  for (const n of [4, 9, 16, 24]) {
    expect(nose(n) - nose(0)).toBeCloseTo(shown(n)[0]!.x - shown(0)[0]!.x, -0.5);
  }
});

test("faces are drawn where they are, and what is around them stays; the check refuses what is certainly wrong", async () => {
  const all = await processed(two, "all.mp4");
  expect(all.made).toMatchObject({ frames: { total: FRAMES, changed: FRAMES, left: [] }, noEffect: [], warnings: [] });
  const { video, warnings, poster } = await all.checked();
  expect(video).toMatchObject({ ...SIZE, fps: 25, frames: FRAMES });
  expect([warnings, poster?.width, "audio" in video]).toEqual([[], SIZE.width, false]);

  const { check } = all;
  const fails = (more: Partial<ProcessVideoCheck>, code: string) =>
    expect(checkProcessedVideo({ ...check, ...more }, { signal })).rejects.toMatchObject({ code });
  await fails({ params: { ...check.params, spec: { ...check.params.spec, fps: 30 } } }, "check_wrong_shape");
  const other = join(dir, "other.mp4");
  await writeFilm({ path: other, ...SIZE, frames: FRAMES, ground: 200, show: shown });
  await fails({ files: { video: other } }, "check_changed_beside");
  writeFileSync(join(dir, "broken.mp4"), "no video");
  await fails({ files: { video: join(dir, "broken.mp4") } }, "check_unreadable");
  // the same again is not certainly wrong: what was asked for may have been next to nothing
  const same = await checkProcessedVideo({ ...check, files: { video: two } }, { signal });
  expect(same.warnings).toMatchObject([{ code: "hardly_changed" }]);
});

test("one person alone; another rate shows the nearest frames, another size comes last", async () => {
  const half = await processed(two, "half.mp4", { fps: 12.5, scale: 50, faces: "reference", face: 0 });
  const { total, changed, left } = half.made.frames;
  expect([total, changed + left.reduce((sum, { frames }) => sum + frames, 0)]).toEqual([FRAMES / 2, FRAMES / 2]);
  // he, whose face is larger, is away for a while
  expect(left).toEqual([{ code: "face_left_alone", detail: "The face is not seen.", frames: 5 }]);
  expect((await half.checked()).video).toMatchObject({ width: 240, height: 128, fps: 12.5, frames: FRAMES / 2 });
});

test("the sound is the target's, at its place, and no longer than the video; one frame is a video", async () => {
  const wav = join(dir, "clicks.wav");
  writeFileSync(wav, wavOf(clickTrack({ seconds: 3, clicks: [0.2, 0.6, 2], rate: 48_000 }), 48_000));
  const short = join(dir, "short.mp4");
  await writeFilm({
    path: short,
    width: 256,
    height: 256,
    frames: 24,
    show: () => [{ picture: astronaut, x: 0, y: 0 }],
    sound: wav,
  });
  const { checked, video } = await processed(short, "heard.mp4");
  expect(await checked()).toMatchObject({ video: { frames: 24, audio: { codec: "aac" } } });
  const heard = (await heardIn(video))!;
  const clicks = clicksIn(heard);
  expect(clicks).toHaveLength(2);
  expect(clicks[0]).toBeCloseTo(0.2, 2);

  const single = join(dir, "single.mp4");
  await writeFilm({
    path: single,
    width: 256,
    height: 256,
    frames: 1,
    show: () => [{ picture: astronaut, x: 0, y: 0 }],
  });
  const only = await processed(single, "only.mp4", { fps: 50 });
  expect((await only.checked()).video).toMatchObject({ frames: 2, fps: 50 });
  const none = processed(single, "none.mp4", { faces: "reference", face: 4 });
  await expect(none).rejects.toThrow(/begins with one face; face 4/);
});

test("frames that are not evenly apart keep their times, and AAC stays as it is", async () => {
  const wav = join(dir, "uneven.wav");
  writeFileSync(wav, wavOf(clickTrack({ seconds: 1, clicks: [0.3], rate: 48_000, channels: 2 }), 48_000));
  const uneven = join(dir, "uneven.mp4");
  const times = [0, 0.04, 0.06, 0.2, 0.24, 0.5, 0.55, 0.7];
  const show = () => [{ picture: astronaut, x: 0, y: 0 }];
  await writeFilm({ path: uneven, width: 256, height: 256, frames: 7, times, show, sound: wav });
  const { check, checked, video, spec } = await processed(uneven, "kept.mp4");
  expect(spec.frames).toBe(7);
  expect(await checked()).toMatchObject({ video: { frames: 7, audio: { codec: "aac", channels: 2 } } });
  const [click] = clicksIn((await heardIn(video))!);
  expect(click).toBeCloseTo(0.3, 3);
  const even = times.map((_, n) => (n * 0.7) / 7);
  const refused = checkProcessedVideo({ ...check, params: { ...check.params, times: even } }, { signal });
  await expect(refused).rejects.toMatchObject({ code: "check_wrong_shape" });
});

test("no face in any frame is an error; a face at the edge is not clear", async () => {
  const black = join(dir, "black.mp4");
  await writeFilm({ path: black, width: 256, height: 256, frames: 8, ground: 0, show: () => [] });
  await expect(processed(black, "nobody.mp4")).rejects.toMatchObject({ code: "no_face", input: "target" });
  const edge = join(dir, "edge.mp4");
  await writeFilm({
    path: edge,
    width: 256,
    height: 256,
    frames: 6,
    show: () => [{ picture: astronaut, x: -100, y: 0 }],
  });
  const tracked = await trackFaces(edge, { maxSeconds: 1, score: 0.5, signal, progress() {} });
  for (const face of facesAt(tracked, 3)) expect(face.clear).toBe(false);
});
