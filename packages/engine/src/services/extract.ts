/** The service `extract`: from a file in which a face moves to a Motion. */
import { open, readFile, stat } from "node:fs/promises";
import type { ExtractRequest, ExtractResult } from "@smileloop/core/engine/services.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { jsonShape } from "@smileloop/core/media/json-shape.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { decodeText } from "@smileloop/core/media/text.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import type { Motion } from "@smileloop/core/motion/motion.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { denseMotion } from "../motion/dense.ts";
import { readExpressions } from "../motion/expressions.ts";
import { cut, unreadable } from "../motion/faults.ts";
import { isLiveLink, readLiveLink } from "../motion/livelink.ts";
import { readMediaPipe, resultsIn } from "../motion/mediapipe.ts";
import { isMotionFile, readMotionFile } from "../motion/motion-file.ts";
import { motionOfTake, type TakenMotion } from "../motion/take.ts";
import { type TrackedClip, trackClip } from "../motion/track.ts";
import type { TaskContext } from "../task.ts";

const LEAST_SECONDS = 0.4;
/** A face that is found after this was not there at the start. */
const LATE_SECONDS = 0.15;
/** A minute of all channels, generously written. */
const MAX_TEXT_BYTES = 24 * 1024 * 1024;
/** Results of MediaPipe are nested six deep, and a minute with its landmarks has less than these values. */
const MAX_JSON_DEPTH = 64;
const MAX_JSON_VALUES = 2_000_000;

/**
 * What the file is, its first bytes say, whatever the request calls it. Throws `no_face`, `input_unreadable`,
 * `input_too_large`, `too_large`, `unsupported_type`, `empty_file`, and the signal's reason.
 */
export async function extract(request: ExtractRequest, context: TaskContext): Promise<ExtractResult> {
  const { path } = request.inputs.driving[0]!;
  const { motion, ...rest } = await blaming("driving", extractFile(path, request.limits.seconds, context));
  const target = request.outputs?.motion;
  return { ...rest, motion: target === undefined ? motion : await packMotion(motion, target) };
}

export type Extracted = ExtractResult & { motion: Motion };

/** What `extract` answers, the motion inline however long it is. */
export async function extractFile(path: string, maxSeconds: number, context: TaskContext): Promise<Extracted> {
  const head = await firstBytes(path);
  await requireMotion(head);
  return looksLikeText(head) ? fromText(path, maxSeconds) : fromVideo(path, maxSeconds, context);
}

/** Pictures, sounds and archives are told so, where they are known. */
async function requireMotion(head: Uint8Array): Promise<void> {
  const type = await sniffType(head);
  if (type === null || !["image", "audio", "archive"].includes(mediaClassOf(type) ?? "")) return;
  const help = "Use a short MP4, MOV or WebM video of a face, a CSV of Live Link Face, or JSON.";
  throw new AppError("unsupported_type", `The driving clip is ${type}, in which no face moves. ${help}`);
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const head = Buffer.alloc(4096);
  const file = await open(path);
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  if (bytesRead === 0) throw new AppError("empty_file", "The driving clip is empty: it has 0 bytes.");
  return head.subarray(0, bytesRead);
}

function looksLikeText(head: Uint8Array): boolean {
  const start = decodeText(head.subarray(0, 512), { part: true });
  // of the control characters, those of tabs and ends of lines
  return start !== null && !/\p{Cc}/u.test(start.replace(/[\t\n\r]/g, ""));
}

async function fromText(path: string, maxSeconds: number): Promise<Extracted> {
  const started = performance.now();
  const { size } = await stat(path);
  if (size > MAX_TEXT_BYTES) {
    throw new AppError("too_large", `The driving file has ${size} bytes; of text, at most ${MAX_TEXT_BYTES} are read.`);
  }
  const text = decodeText(await readFile(path));
  if (text === null) throw unreadable("it begins as a text, but has zero bytes in it");
  const { kind, motion, warnings, ...taken } = readText(text, maxSeconds);
  return {
    motion,
    source: { kind, seconds: taken.seconds, frames: taken.frames, fps: taken.fps },
    warnings: taken.cut ? [cutWarning(maxSeconds), ...warnings] : warnings,
    timings: { read: Math.round(performance.now() - started) },
  };
}

function readText(text: string, maxSeconds: number): TakenMotion & { kind: ExtractResult["source"]["kind"] } {
  if (isLiveLink(text)) return { kind: "livelink", ...motionOfTake(readLiveLink(text), maxSeconds) };
  const value = parseJson(text);
  if (isMotionFile(value)) return { kind: "motion", ...readMotionFile(value, maxSeconds) };
  const results = resultsIn(value);
  if (results) return { kind: "mediapipe", ...motionOfTake(readMediaPipe(results, value), maxSeconds) };
  throw unreadable(
    "this JSON is neither a Motion (duration, loop, faces) nor a list of MediaPipe's results (faceBlendshapes)",
  );
}

/** Looked at before it is parsed: a few bytes of JSON make a hundred of memory. */
function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) {
    throw unreadable("it is neither a video, nor a CSV of Live Link Face (whose first column is Timecode), nor JSON");
  }
  const { depth, values } = jsonShape(text);
  if (depth > MAX_JSON_DEPTH) throw unreadable(`its JSON is nested ${depth} deep; at most ${MAX_JSON_DEPTH} is read`);
  if (values > MAX_JSON_VALUES) {
    throw new AppError(
      "input_too_large",
      `The driving file has some ${values} values; at most ${MAX_JSON_VALUES} are read. Save a shorter clip, or leave the landmarks out.`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(`it is not complete JSON (${cut((error as Error).message, 120)})`);
  }
}

async function fromVideo(path: string, maxSeconds: number, { signal, progress }: TaskContext): Promise<Extracted> {
  const started = performance.now();
  const { info, frames, faces } = await trackClip(path, {
    maxSeconds,
    signal,
    progress: (share) => progress("motion", share, 1),
  });
  const tracked = performance.now();
  if (info.seconds < LEAST_SECONDS) throw tooShort(info.seconds);
  const fps = Math.min(30, Math.max(10, Math.round(info.frames / info.seconds)));
  const channels = readExpressions(frames, fps, Math.round(info.seconds * fps) + 1);
  return {
    motion: denseMotion(channels, fps, round(info.seconds)),
    source: {
      ...{ kind: "video", seconds: round(info.seconds), frames: info.frames, fps: round(info.frames / info.seconds) },
      ...{ width: info.width, height: info.height, faces },
    },
    warnings: warningsOf({ info, frames, faces }, maxSeconds),
    timings: { track: Math.round(tracked - started), read: Math.round(performance.now() - tracked) },
  };
}

/** A face may be in the clip from its start, come late, go and come again. */
function warningsOf({ info, frames, faces }: TrackedClip, maxSeconds: number): Warning[] {
  const warnings: Warning[] = [];
  if (info.cut) warnings.push(cutWarning(maxSeconds));
  if (info.damaged) {
    const detail = `The driving clip is damaged or cut off: the ${info.seconds.toFixed(1)} s that can be read are used.`;
    warnings.push({ code: "driving_damaged", detail });
  }
  const first = frames.findIndex(({ landmarks }) => landmarks !== null);
  const after = frames[first]?.seconds ?? 0;
  if (after > LATE_SECONDS) {
    const detail = `The face appears ${after.toFixed(1)} s after the start of the driving clip; until then the picture stays still.`;
    warnings.push({ code: "driving_face_late", detail });
  }
  const since = frames.slice(Math.max(0, first));
  const lost = since.filter(({ landmarks }) => landmarks === null).length / frames.length;
  if (lost > 0.02) {
    const share = Math.round(lost * 100);
    warnings.push({ code: "driving_face_lost", detail: `The face is not seen in ${share} % of the driving clip.` });
  }
  if (faces > 1) {
    warnings.push({ code: "driving_faces", detail: `The driving clip shows ${faces} faces; the largest is followed.` });
  }
  return warnings;
}

function cutWarning(seconds: number): Warning {
  return { code: "driving_cut", detail: `Of the driving clip, the first ${seconds} s are used.` };
}

function tooShort(seconds: number): AppError {
  return unreadable(`it is ${seconds.toFixed(2)} s long, and at least half a second of a moving face is needed`);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
