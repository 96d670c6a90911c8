/** The service `film`: what a video is whose words are to be others, by its container alone. */
import type { FilmRequest, FilmResult } from "@smileloop/core/engine/speech-services.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { MOTION_LIMITS } from "@smileloop/core/motion/motion.ts";
import { AV_PKT_FLAG_DISCARD, AVERROR_EOF } from "node-av/constants";
import { Packet } from "node-av/lib";
import { NO_TIME } from "../media/clip-reader.ts";
import { type FilmFile, openFilm, unreadable } from "../media/film-file.ts";
import type { TaskContext } from "../task.ts";

/** Part of the distance of frames by which one may be off its place and the rate is still even: containers count whole milliseconds. */
const UNEVEN = 0.25;
/** More frames a second than this are a mistake of the file. */
const MOST_RATE = 1000;

/** Throws what `openFilm` throws, `input_too_large` beyond `limits.seconds`, and the signal's reason. */
export function film(request: FilmRequest, { signal }: Pick<TaskContext, "signal">): Promise<FilmResult> {
  return blaming("video", filmOf(request.inputs.video[0]!.path, request.limits.seconds, signal));
}

async function filmOf(path: string, mostSeconds: number, signal: AbortSignal): Promise<FilmResult> {
  const opened = await openFilm(path);
  try {
    const { times, lasts } = await timesOf(opened, mostSeconds, signal);
    if (times.length === 0) throw unreadable("it has no frames");
    const { width, height, sound, file } = opened;
    const rate = rateOf(times, opened.stream.avgFrameRate.toDouble());
    const first = times[0]!;
    const alone = times.length === 1 || !rate.even;
    const seconds = times.at(-1)! - first + (alone && lasts > 0 ? lasts : 1 / rate.fps);
    const stamps = rate.even || times.length > MOTION_LIMITS.frames ? {} : { stamps: times.map((at) => at - first) };
    const zero = file.startTime > NO_TIME ? Number(file.startTime) / 1e6 : first;
    const frames = times.length;
    const warnings = warningsOfLength(opened, Math.max(seconds, times.at(-1)! - first + lasts));
    return {
      ...{ width, height, ...rate, ...stamps, frames, seconds },
      begins: Math.max(0, first - zero),
      sound,
      warnings,
    };
  } finally {
    await opened.close();
  }
}

/** Seconds by which a video may be shorter than its container says. */
const UNNOTICED = 0.5;

function warningsOfLength({ file, stream }: FilmFile, seconds: number): Warning[] {
  const own = Number(stream.duration) * stream.timeBase.toDouble();
  // beside other tracks the file's duration is that of the longest
  const claimed = own > 0 ? own : file.nbStreams === 1 ? Number(file.duration) / 1e6 : 0;
  if (claimed - seconds <= UNNOTICED) return [];
  const lengths = `it should last ${claimed.toFixed(1)} s, and ${seconds.toFixed(1)} s of it can be read`;
  return [{ code: "video_damaged", detail: `The video is damaged or cut off: ${lengths}.` }];
}

/** Time stamps of all frames, s, ascending, and how long the last lasts. Throws `input_too_large`. */
export async function timesOf({ file, stream }: FilmFile, mostSeconds: number, signal: AbortSignal) {
  const tick = stream.timeBase.toDouble();
  const usual = 1 / (stream.avgFrameRate.toDouble() || 25);
  const times: number[] = [];
  const packet = new Packet();
  packet.alloc();
  let lasts = 0;
  try {
    for (;;) {
      const code = file.readFrameSync(packet);
      if (code === AVERROR_EOF || code < 0) break;
      // what an edit list cuts off is decoded, but not shown
      if (packet.streamIndex === stream.index && (packet.flags & AV_PKT_FLAG_DISCARD) === 0) {
        const stamp = packet.pts > NO_TIME ? packet.pts : packet.dts;
        times.push(stamp > NO_TIME ? Number(stamp) * tick : times.length * usual);
        lasts = Number(packet.duration) * tick;
      }
      packet.unref();
      if (times.length % 500 === 0) {
        signal.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (times.length > mostSeconds * MOST_RATE || times.at(-1)! - times[0]! > mostSeconds + 0.1) {
        throw new AppError("input_too_large", `The video is longer than ${mostSeconds} s, which is the most. Cut it.`);
      }
    }
  } finally {
    packet.free();
  }
  return { times: times.sort((a, b) => a - b), lasts };
}

/** `even`: whether frames that are evenly apart would lie where these do. */
function rateOf(times: readonly number[], named: number): { fps: number; even: boolean } {
  const step = times.length > 1 ? (times.at(-1)! - times[0]!) / (times.length - 1) : 0;
  if (!(step > 0)) return { fps: named > 1 && named < MOST_RATE ? named : 25, even: true };
  const even = times.every((at, i) => Math.abs(at - times[0]! - i * step) <= UNEVEN * step);
  // what the container names is exact where its stamps are rounded
  const fps = Math.abs(named * step - 1) * times.length < UNEVEN ? named : 1 / step;
  return { fps: Math.round(fps * 1000) / 1000, even };
}
