/** Sync.so as a service that does lip sync: what it is sent, and what becomes of its results. */
import { openAsBlob } from "node:fs";
import { type ConformRequest, conformResultSchema } from "@smileloop/core/engine/conform-service.ts";
import { type FilmRequest, filmResultSchema } from "@smileloop/core/engine/speech-services.ts";
import type { LipsyncRun, LipsyncRunResult } from "@smileloop/core/engine/tasks/lipsync.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { type MotionFrames, motionFramesSchema } from "@smileloop/core/motion/motion.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { FADE_SECONDS, fadingOf, type Sync } from "@smileloop/core/speech/sync.ts";
import type { Access, Finishing, Service } from "@smileloop/worker/service/service.ts";
import { createClient, type Generation } from "./client.ts";

/** Of the API, and of how we use it. */
const VERSION = "2.1";
const MAX_BYTES = 512 * 1024 * 1024;
const DEFAULT_MODEL = "lipsync-2";
/** Names that Sync.so does not know, and what comes nearest. */
const MODELS: Readonly<Record<string, string>> = { "lipsync-1": "lipsync-1.9.0-beta" };
/** Its names for ours where they differ: what fades is cut off there, and fades when it is here again. */
const MODES: Readonly<Record<string, string>> = { fade: "cut_off" };
/** Differences in length that are worth a warning, seconds: frames come one sooner or later. */
const APART = 0.3;
const FINISH_MS = 15 * 60_000;

type Options = { provider: string; kinds: readonly string[]; url: string; key: string | undefined };

export function syncService({ provider, kinds, url, key: operators }: Options): Service {
  const client = createClient(url);
  const keyOf = ({ secrets }: Pick<Access, "secrets">): string => {
    const key = secrets.api_key ?? operators;
    if (key !== undefined) return key;
    throw new AppError(
      "service_failed",
      "Sync.so API error: there is no key. Give `api_key`, or set SYNC_API_KEY here.",
    );
  };
  const asking = (access: Access) => ({ key: keyOf(access), signal: access.signal });
  return {
    ...{ provider, kinds, version: VERSION, maxBytes: MAX_BYTES },
    // it has no such request
    cancel: null,
    check: (work, access) => {
      keyOf(access);
      requireAble(work as LipsyncRun);
    },
    submit: async (work, key, access) =>
      client.create(await generationOf(work as LipsyncRun, key, access), key, asking(access)),
    find: (key, access) => client.find(nameOf(key), asking(access)),
    look: (id, access) => client.look(id, asking(access)),
    finish: (work, path, io) => finish(work as LipsyncRun, path, io),
  };
}

/** Throws `not_supported` for what Sync.so would do otherwise: it is told before it costs anything. */
function requireAble({ params: { sync, face } }: LipsyncRun): void {
  const not = (what: string) => new AppError("not_supported", `Sync.so cannot do that: ${what}`);
  if (face > 0) throw not("it finds out who speaks. Leave `face` out.");
  if (sync.mode === "silence" && sync.sound > sync.video) {
    throw not("with `silence` the sound must not be longer than the video. Choose `loop` or `bounce`.");
  }
}

async function generationOf({ inputs, params }: LipsyncRun, key: string, access: Access): Promise<Generation> {
  const { mode } = params.sync;
  const [video, audio] = [inputs.video[0]!, inputs.audio[0]!];
  return {
    model: modelOf(access),
    options: { sync_mode: MODES[mode] ?? mode },
    // both as they are here: no address of ours has to be reached from there, and no link can run out meanwhile
    video: await openAsBlob(video.path, { type: video.type }),
    audio: await openAsBlob(audio.path, { type: audio.type }),
    name: nameOf(key),
  };
}

function nameOf(key: string): string {
  return `smileloop-${key}`;
}

function askedModel({ params }: Pick<Access, "params">): string {
  return typeof params.model === "string" ? params.model : DEFAULT_MODEL;
}

function modelOf(access: Pick<Access, "params">): string {
  const asked = askedModel(access);
  return MODELS[asked] ?? asked;
}

/** Its result gets the frames, the sound and the marks that one of ours has. */
async function finish(work: LipsyncRun, path: string, io: Finishing): Promise<LipsyncRunResult> {
  const { inputs, outputs, params, provenance } = work;
  const motion = await unpackMotion<MotionFrames>(work.motion, motionFramesSchema);
  const options = { timeoutMs: FINISH_MS, signal: io.signal };
  const limits = { seconds: params.sync.video + 1 };
  const film: Omit<FilmRequest, "run"> = { type: "film", inputs: { video: [...inputs.video] }, limits };
  const { width, height } = await io.serving("film").request(film, { ...options, result: filmResultSchema });
  const spec = { width, height, fps: motion.fps, frames: motion.frames };
  const request: Omit<ConformRequest, "run"> = {
    ...{ type: "conform", inputs: { video: [{ path, type: "video/mp4" }], audio: inputs.audio }, spec },
    ...{ fade: fadeOf(params.sync), outputs, provenance },
  };
  const { given, timings } = await io.serving("conform").request(request, { ...options, result: conformResultSchema });
  return { outputs: { video: spec }, warnings: warningsOf(given, spec, io), timings };
}

function fadeOf(sync: Sync): number {
  return fadingOf(sync) === "video" ? FADE_SECONDS : 0;
}

type Given = { width: number; height: number; seconds: number };
type Spec = { width: number; height: number; fps: number; frames: number };

function warningsOf(given: Given, { width, height, fps, frames }: Spec, access: Pick<Access, "params">): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, detail: string) => warnings.push({ code, detail });
  const [asked, model] = [askedModel(access), modelOf(access)];
  if (asked !== model) warn("model_replaced", `Sync.so has no ${asked}: ${model} made the video, which comes nearest.`);
  const seconds = frames / fps;
  if (Math.abs(given.seconds - seconds) > APART) {
    const lengths = `Sync.so's video lasts ${given.seconds.toFixed(2)} s, not ${seconds.toFixed(2)} s`;
    warn("length_adjusted", `${lengths}: ${given.seconds < seconds ? "its last frame stays" : "its end was cut off"}.`);
  }
  if (given.width !== width || given.height !== height) {
    warn(
      "size_adjusted",
      `Sync.so's video has ${given.width} × ${given.height} pixels; it was brought to ${width} × ${height}.`,
    );
  }
  return warnings;
}
