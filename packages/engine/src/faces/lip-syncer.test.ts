import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { ProcessVideoCheck, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { type ProcessorStep, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { speechMotion } from "@smileloop/speech/speech.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cutout, writeFilm } from "../../../../test/support/films.ts";
import { GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { wavOf } from "../../../../test/support/sounds.ts";
import { CHEF, soundOf, spokenOf } from "../../../../test/support/spoken.ts";
import {
  filmOf as filmOfFrames,
  framesIn,
  type Pixels,
  type TalkingFilm,
  talkingFilm,
} from "../../../../test/support/talking-film.ts";
import { checkProcessedVideo } from "../check/process-video.ts";
import type { AnyProcessor } from "./index.ts";
import { lipSyncer } from "./lip-syncer.ts";
import { openPipeline } from "./pipeline.ts";
import { filmOf, sceneOf } from "./process-film.ts";
import { processVideo } from "./process-video.ts";
import type { Processor, Scene } from "./processor.ts";
import { trackFaces } from "./tracks.ts";

const FPS = 25;
const RATE = 16_000;
const { signal } = new AbortController();
const context = { signal, progress() {} };
const dir = mkdtempSync(join(tmpdir(), "smileloop-lip-syncer-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the person says in the video: mouths that open wide and shut. */
const SAID = "_ 200 m 80 a 180 m 80 aɪ 200 b 70 a 180 m 80 ɒ 180 m 80 a 200 b 80 aɪ 200 m 80 a 180 m 80 a 180 _ 300";
let film: TalkingFilm;
let words: { file: EngineFile; motion: MotionFrames; seconds: number };
beforeAll(async () => {
  film = await talkingFilm(join(dir, "film.mp4"), GRACE_HOPPER, SAID);
  const spoken = spokenOf(CHEF);
  const samples = soundOf(spoken);
  const path = join(dir, "words.wav");
  // a moment later than in the video, so that its own mouth would be wrong
  const late = new Float32Array(samples.length + RATE / 2);
  late.set(samples, RATE / 2);
  writeFileSync(path, wavOf([late], RATE));
  const { motion } = speechMotion({ samples: late, fps: FPS, intensity: 1, seed: 3 });
  words = { file: { path, type: "audio/wav" }, motion, seconds: late.length / RATE };
});

/** Of the result: the video is shorter than the sound. */
const frames = () => film.motion.frames;

type Asked = { steps: Partial<ProcessorStep>[]; source?: EngineFile[]; speech?: boolean; video?: string };

async function made(name: string, { steps, source = [words.file], speech = true, video = film.path }: Asked) {
  const sync = { mode: "cut_off" as const, video: film.seconds, sound: words.seconds };
  const asked = {
    ...{ processors: steps.map((step) => processorStepSchema.parse(step)), faces: "largest" as const, face: 0 },
    ...{ detector: { score: 0.5 }, spec: { width: 256, height: 256, fps: FPS, frames: frames() } },
    ...(speech ? { speech: { motion: words.motion, sync, share: 0.7 } } : {}),
  };
  const inputs = { target: [{ path: video, type: "video/mp4" }], source };
  const task = { run: "r", kind: "process_video" as const, inputs };
  const outputs = { video: join(dir, name) };
  const params = { ...asked, execution: { providers: ["cpu"], threads: 1 } };
  const run: ProcessVideoRun = { ...task, type: "run", params, outputs, provenance };
  const result = await processVideo(run, context);
  const check: ProcessVideoCheck = {
    ...{ ...task, type: "check", params: { ...asked, changed: result.frames.changed }, files: outputs },
  };
  return { result, check, checked: (more = {}) => checkProcessedVideo({ ...check, ...more }, { signal }) };
}

test("lips follow the sound of the source, which is heard, and nothing else changes; the check refuses others", async () => {
  const { result, checked } = await made("one.mp4", { steps: [{ name: "lip_syncer" }] });
  expect(result).toMatchObject({ noEffect: [], warnings: [], frames: { total: frames(), left: [] } });
  expect(result.frames.changed).toBeGreaterThan(40);
  const { video, warnings } = await checked();
  expect(video).toMatchObject({ frames: frames(), audio: { codec: "aac", channels: 1 } });
  expect(warnings).toEqual([]);
  // as it came, with the new sound: its lips fit only by chance
  const as = async (name: string, frames: Pixels[]) => {
    await filmOfFrames(join(dir, name), frames, words.file.path);
    return checked({ files: { video: join(dir, name) } });
  };
  const given = (await framesIn(film.path)).slice(0, frames());
  expect((await as("same.mp4", given)).warnings).toMatchObject([{ code: "hardly_changed" }, { code: "lips_weak" }]);
  const still = given.map(() => given[0]!);
  await expect(as("still.mp4", still)).rejects.toMatchObject({ code: "check_other_motion" });
  await expect(checked({ files: { video: film.path } })).rejects.toMatchObject({ code: "check_out_of_sync" });
});

/** Steps around it that cost nothing: one that paints stripes, which no light hides, and one that looks. */
function around(seen: Scene[]): AnyProcessor[] {
  const paint: Processor<"face_editor"> = {
    name: "face_editor",
    prepare: async () => ({
      warnings: [],
      async apply({ frame }) {
        paintStripes(frame);
        return { frame, changed: { x: 0, y: 0, width: frame.width, height: frame.height }, left: [] };
      },
    }),
  };
  const look: Processor<"face_debugger"> = {
    name: "face_debugger",
    prepare: async () => ({
      warnings: [],
      async apply(scene) {
        seen.push(scene);
        return { frame: scene.frame, changed: null, left: [] };
      },
    }),
  };
  return [paint, lipSyncer, look];
}

function paintStripes({ data }: Scene["frame"]): void {
  for (let at = 0; at < data.length; at++) data[at] = data[at]! * 0.85 + (Math.floor(at / 3) % 4 < 2 ? 24 : 0);
}

/** How much columns differ from the second next to them, levels, on the chin of a face, which is smooth. */
function stripes({ frame, faces: [face] }: Scene): number {
  const [x0, y0] = [Math.round(face!.points[200 * 3]!), Math.round(face!.points[200 * 3 + 1]!)];
  const at = (x: number, y: number) => frame.data[3 * (y * frame.width + x) + 1]!;
  let sum = 0;
  for (let y = y0 - 4; y <= y0 + 4; y++)
    for (let x = x0 - 12; x < x0 + 12; x++) sum += Math.abs(at(x, y) - at(x + 2, y));
  return sum / (9 * 24);
}

test("mouths are those of the face as the step before has left it, and the step after sees them", async () => {
  const tracked = await trackFaces(film.path, { maxSeconds: 10, score: 0.5, signal, progress() {} });
  const target = filmOf(tracked, { faces: "largest", face: 0 });
  const pixels = await framesIn(film.path);
  const sceneAt = async (index: number) => sceneOf(pixels[index]!.yuv, index, target);
  const clip = { width: 256, height: 256, frames: pixels.length, fps: FPS, scale: 100, sceneAt };
  const sync = { mode: "cut_off" as const, video: film.seconds, sound: words.seconds };
  const steps = ["face_editor", "lip_syncer", "face_debugger"].map((name) =>
    processorStepSchema.parse({ name } as never),
  );
  const seen: Scene[] = [];
  const sources = { pictures: [], speech: { motion: words.motion, sync } };
  const shares: number[] = [];
  const progress = (share: number) => shares.push(share);
  const pipeline = await openPipeline({ steps, clip, sources, signal, progress, processors: around(seen) });
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  const gap = ({ faces: [face] }: Scene) => (face!.points[14 * 3 + 1]! - face!.points[13 * 3 + 1]!) / face!.eyeDistance;
  let most = 0;
  for (let n = 20; n < 60; n += 4) {
    const before = await sceneAt(n);
    await pipeline.apply(await sceneAt(n));
    const after = seen.at(-1)!;
    const painted = await sceneAt(n);
    paintStripes(painted.frame);
    // the chin is nearer to the painted one than to the one that came
    expect(stripes(after)).toBeGreaterThan((stripes(before) + stripes(painted)) / 2);
    most = Math.max(most, Math.abs(gap(after) - gap(before)));
  }
  expect(most).toBeGreaterThan(0.04);
  pipeline.free();
});

test("without a sound, and of a video that shows no mouth, it says what is missing", async () => {
  const without = made("none.mp4", { steps: [{ name: "lip_syncer" }], source: [], speech: false });
  await expect(without).rejects.toMatchObject({ code: "invalid_request", input: "source" });
  const small = join(dir, "small.mp4");
  const hopper = await cutout(GRACE_HOPPER, 80, 94);
  const show = () => [{ picture: hopper, x: 60, y: 60 }];
  await writeFilm({ path: small, width: 256, height: 256, frames: 12, show });
  const far = made("far.mp4", { steps: [{ name: "lip_syncer" }], video: small });
  await expect(far).rejects.toMatchObject({ code: "face_too_small", input: "target" });
});
