import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewRequest } from "@smileloop/core/engine/preview-service.ts";
import type { FilmRequest, ListenRequest } from "@smileloop/core/engine/speech-services.ts";
import type {
  ProcessImageCheck,
  ProcessImageRun,
  ProcessVideoCheck,
  ProcessVideoRun,
} from "@smileloop/core/engine/tasks/process.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Charge } from "@smileloop/core/job/charge.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { afterAll, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { unpaid } from "../../../../test/support/sold.ts";
import type { JobIo, LocalFile } from "../job-io.ts";
import { processImageHandler, processVideoHandler } from "./process.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-process-"));
afterAll(() => rmSync(dir, { recursive: true }));
const engines = { known: [{ name: "warp", kinds: ["process_image", "process_video"] }], serve: new Map() };
const kinds = createKinds({ presets: new Map(), engines });
const FILM = { width: 640, height: 358, fps: 30, even: true, frames: 60, seconds: 2, sound: true };
const OUTCOME = { frames: { total: 60, changed: 60, left: [] }, noEffect: [], warnings: [], timings: {} };

type Request =
  | PreviewRequest
  | FilmRequest
  | ListenRequest
  | ProcessImageRun
  | ProcessImageCheck
  | ProcessVideoRun
  | ProcessVideoCheck;
/** `heard`: what listening tells; without it the engine does not listen. */
type Told = {
  film?: object | Error;
  outcome?: object;
  target?: string;
  source?: LocalFile[];
  heard?: object | Error;
  charge?: Charge;
};

/** What a job with these params asks, and what comes of it. */
async function run(
  kind: "process_image" | "process_video",
  params: object,
  { film = {}, outcome = {}, target, source, heard, charge }: Told = {},
) {
  const asked: Request[] = [];
  const expected: unknown[] = [];
  const request = async (message: Request): Promise<unknown> => {
    asked.push(message);
    if (message.type === "film") {
      if (film instanceof Error) throw film;
      return { ...FILM, ...film };
    }
    if (message.type === "preview") {
      const type = message.film ? "video/mp4" : "image/jpeg";
      return { preview: { type, width: 4, height: 4 }, timings: {} };
    }
    if (message.type === "listen") {
      if (heard instanceof Error) throw heard;
      await writeFile(message.outputs.sound, "sound");
      const motion = { fps: message.params.fps, frames: 45, faces: [{ channels: {} }] };
      return { motion, seconds: 1.5, speechShare: 0.5, warnings: [], ...heard };
    }
    const image = { type: "image/jpeg", width: 4, height: 4 };
    if (message.type === "run") {
      const made = message.kind === "process_image" ? { image } : { video: message.params.spec };
      return { outputs: made, ...OUTCOME, ...outcome };
    }
    if (message.kind === "process_image") return { image: { ...image, bytes: 5 }, warnings: [], timings: {} };
    return {
      video: { ...message.params.spec, duration: 2, bytes: 9 },
      poster: { width: 4, height: 4, bytes: 3 },
      warnings: [],
      timings: {},
    };
  };
  const files: Record<string, LocalFile[]> = {
    target: [{ path: "/target", type: target ?? (kind === "process_image" ? "image/webp" : "video/mp4"), bytes: 9 }],
    source: source ?? [{ path: "/source.jpg", type: "image/jpeg", bytes: 1 }],
  };
  const io = {
    ...{ dir, signal: new AbortController().signal },
    ...{ engine: { request }, checker: { request }, serving: () => ({ request }) },
    offers: (service: string) => service === "listen" && heard !== undefined,
    provenance,
    input: async (slot: string) => files[slot],
    timed: async (_: string, work: () => Promise<unknown>) => work(),
    options: () => ({ timeoutMs: 1000 }),
    expect: (inputs: unknown) => expected.push(inputs),
    store: async (name: string, path: string, facts: object) => ({ name, path, ...facts }),
  } as unknown as JobIo;
  const handler =
    kind === "process_image" ? processImageHandler() : processVideoHandler({ presets: new Map(), maxVideoSeconds: 30 });
  const parsed = kinds.get(kind)!.params.parse({ processors: ["face_swapper"], ...params });
  const result = await handler.run({ record: { id: "a", charge } as unknown as JobRecord, params: parsed }, io);
  const of = <T extends Request["type"]>(type: T) =>
    asked.find((each) => each.type === type) as Extract<Request, { type: T }>;
  return { result, of, expected };
}

test.each([
  ["process_image", "image", "image/jpeg"],
  ["process_video", "video", "video/mp4"],
] as const)("%s that is for sale has an open preview beside it", async (kind, name, type) => {
  const { result, of } = await run(kind, {}, { charge: unpaid() });
  const made = (of("run").outputs as Record<string, unknown>)[name];
  expect(of("preview").inputs.file).toMatchObject([{ path: made }]);
  const { outputs } = result;
  expect(outputs.preview).toMatchObject({ type, access: "open", path: of("preview").outputs.preview.path });
  expect(outputs[name]).not.toHaveProperty("access");
  const others = Object.entries(outputs).filter(([each]) => each !== name);
  expect(others.every(([, { access }]) => access === "open")).toBe(true);
});

test("a picture goes through the steps and the check, under the name of what it becomes", async () => {
  const { result, of } = await run("process_image", { scale: 50, faces: "all" });
  expect(of("run")).toMatchObject({
    inputs: { target: [{ path: "/target", type: "image/webp" }], source: [{ path: "/source.jpg" }] },
    params: { processors: [{ name: "face_swapper" }], faces: "all", scale: 50, execution: { threads: 1 } },
    outputs: { image: join(dir, "result.png") },
  });
  expect(of("check")).toMatchObject({ params: { changed: 60, scale: 50 } });
  expect(result.outputs.image).toMatchObject({ width: 4, bytes: 5 });
  const heic = await run("process_image", {}, { target: "image/heic" });
  expect(heic.of("run")).toMatchObject({ outputs: { image: join(dir, "result.jpg") } });
});

test("the shape of a video follows from the target, the scale and the rate", async () => {
  const plain = await run("process_video", {});
  const spec = { width: 640, height: 358, fps: 30, frames: 60 };
  expect(plain.of("run")).toMatchObject({ params: { spec }, outputs: { poster: { frame: 30 } } });
  expect(plain.of("check")).toMatchObject({ params: { spec, changed: 60 } });
  expect(plain.result.warnings).toEqual([]);
  expect(plain.expected).toMatchObject([{ target: [{ width: 640, seconds: 2 }] }]);
  const other = await run("process_video", { scale: 25, fps: 12 });
  expect(other.of("run")).toMatchObject({ params: { spec: { width: 160, height: 90, fps: 12, frames: 24 } } });
  const stamps = [0, 0.1, 0.3, 1.2];
  const uneven = await run("process_video", {}, { film: { even: false, fps: 2, frames: 4, stamps } });
  expect(uneven.of("run").params).toMatchObject({ times: [...stamps, 2], spec: { frames: 4, fps: 2 } });
  expect(uneven.of("check").params).toMatchObject({ times: [...stamps, 2] });
  expect(uneven.result.warnings).toEqual([]);
  const evened = await run("process_video", {}, { film: { even: false } });
  expect(evened.result.warnings).toMatchObject([{ code: "fps_adjusted" }]);
});

test("frames that were left and steps without effect are told with figures, each once", async () => {
  const left = [{ code: "face_left_alone", detail: "The face is not seen.", frames: 12 }];
  const outcome = {
    ...{ frames: { total: 60, changed: 48, left }, noEffect: ["face_editor", "face_enhancer"] },
    warnings: [{ code: "no_effect", detail: "All values of face_editor are 0." }],
  };
  const { result } = await run("process_video", {}, { outcome });
  expect(result.warnings).toEqual([
    { code: "no_effect", detail: "All values of face_editor are 0." },
    { code: "face_left_alone", detail: "12 of 60 frames are left as they are: The face is not seen." },
    { code: "no_effect", detail: "The step face_enhancer has changed nothing." },
  ]);
});

test("a video that is at fault is called the target, and one that would become too large is refused before any work", async () => {
  const film = new AppError("input_unreadable", "Cut off.", { input: "video" });
  await expect(run("process_video", {}, { film })).rejects.toMatchObject({ code: "input_unreadable", input: "target" });
  const large = run("process_video", { scale: 400 }, { film: { width: 1920, height: 1080 } });
  await expect(large).rejects.toThrow(/7680 × 4320 pixels.*`scale` is at most 213/);
});

const SAID: LocalFile[] = [
  { path: "/source.jpg", type: "image/jpeg", bytes: 1 },
  { path: "/words.mp3", type: "audio/mpeg", bytes: 9 },
];
const SPEAKING = { processors: ["face_swapper", "lip_syncer"] };

test("the sound of a step is listened to for engines that do so, and both end with the shorter one", async () => {
  const { of } = await run("process_video", SPEAKING, { source: SAID, heard: {} });
  expect(of("listen")).toMatchObject({ inputs: { audio: [{ path: "/words.mp3" }] }, params: { fps: 30 } });
  const speech = { sync: { mode: "cut_off", video: 2, sound: 1.5 }, share: 0.5, motion: { frames: 45 } };
  const source = [{ path: "/source.jpg" }, { path: join(dir, "sound.wav"), type: "audio/wav" }];
  for (const asked of [of("run"), of("check")]) {
    expect(asked).toMatchObject({ inputs: { source }, params: { speech, spec: { frames: 45, fps: 30 } } });
  }
  const stamps = [0, 0.5, 1.4, 1.8];
  const film = { even: false, fps: 2, frames: 4, stamps };
  const uneven = await run("process_video", SPEAKING, { source: SAID, heard: {}, film });
  expect(uneven.of("listen").params.fps).toBe(60);
  expect(uneven.of("run").params).toMatchObject({ times: [0, 0.5, 1.4, 1.5], spec: { frames: 3 } });
});

test("other engines get the sound as it came, with frames evenly apart", async () => {
  const film = { even: false, fps: 2, frames: 4, stamps: [0, 0.5, 1.4, 1.8] };
  const { of, result } = await run("process_video", SPEAKING, { source: SAID, film });
  expect(of("listen")).toBeUndefined();
  expect(of("run").inputs.source).toMatchObject([{ path: "/source.jpg" }, { path: "/words.mp3" }]);
  expect(of("run").params).not.toHaveProperty("times");
  expect(of("run").params).not.toHaveProperty("speech");
  expect(result.warnings).toMatchObject([{ code: "fps_adjusted" }]);
});

test("a sound that is at fault is called the source", async () => {
  const heard = new AppError("input_unreadable", "It is cut off.", { input: "audio" });
  const failed = run("process_video", SPEAKING, { source: SAID, heard });
  await expect(failed).rejects.toMatchObject({ code: "input_unreadable", input: "source" });
});
