/** Whether a file has the very pictures of a video, packet by packet, at the same times. */
import { hash } from "node:crypto";
import { AppError } from "@smileloop/core/errors.ts";
import { AVERROR_EOF } from "node-av/constants";
import { Packet } from "node-av/lib";
import { NO_TIME } from "../media/clip-reader.ts";
import { openPictures } from "../media/film-file.ts";
import { keepRecent } from "../media/recent.ts";

/** Containers count in whole milliseconds, s. */
const MOST_OFF = 0.0015;
/** Packets after which others have their turn. */
const AT_ONCE = 200;

type Facts = { frames: number; seconds: number; width: number; height: number; fps: number };

/** Packets in the order of the file. `hash`: of its bytes. `seconds`: when it is shown; `lasts`: for how long, 0 where that is not known. */
type Shown = { hash: string; seconds: number; lasts: number };
type Pictures = { width: number; height: number; shown: Shown[] };

/** Of one packet, bytes; and of all that are kept. */
const SHOWN_BYTES = 160;
const KEPT_BYTES = 16 * 1024 * 1024;
const before = keepRecent<Pictures>(KEPT_BYTES);

/** Throws `check_changed_beside`, `check_unreadable`. `seconds`: from the first frame to the end of the last. */
export async function requireSamePictures(given: string, made: string, signal: AbortSignal): Promise<Facts> {
  const was = await before.of(given, "", async () => {
    const value = await picturesOf(given, signal);
    return { value, bytes: SHOWN_BYTES * value.shown.length };
  });
  const is = await picturesOf(made, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The finished video cannot be read.", { cause });
  });
  requireSame(was.shown, is.shown);
  const { width, height, shown } = is;
  const times = shown.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  const lasts = shown.find(({ seconds }) => seconds === last)?.lasts ?? 0;
  const step = shown.length > 1 ? (last - first) / (shown.length - 1) : lasts;
  const seconds = last - first + (lasts > 0 ? lasts : step);
  return { frames: shown.length, seconds, width, height, fps: step > 0 ? 1 / step : 25 };
}

function requireSame(was: readonly Shown[], is: readonly Shown[]): void {
  if (was.length !== is.length) throw changed(`has ${is.length} pictures; the video has ${was.length}`);
  const shift = (is[0]?.seconds ?? 0) - (was[0]?.seconds ?? 0);
  for (const [n, one] of was.entries()) {
    const other = is[n]!;
    if (one.hash !== other.hash) throw changed(`has another picture at picture ${n}`);
    if (Math.abs(other.seconds - one.seconds - shift) > MOST_OFF) {
      throw changed(`shows its pictures at other times at picture ${n}`);
    }
  }
}

async function picturesOf(path: string, signal: AbortSignal): Promise<Pictures> {
  const { file, stream, width, height, close } = await openPictures(path, { probes: false });
  const tick = stream.timeBase.toDouble();
  const shown: Shown[] = [];
  const packet = new Packet();
  packet.alloc();
  try {
    for (let code = file.readFrameSync(packet); code >= 0 && code !== AVERROR_EOF; code = file.readFrameSync(packet)) {
      if (packet.streamIndex === stream.index && packet.data) {
        const stamp = packet.pts > NO_TIME ? packet.pts : packet.dts;
        const times = { seconds: Number(stamp) * tick, lasts: Number(packet.duration) * tick };
        shown.push({ hash: hash("sha256", packet.data, "base64"), ...times });
      }
      packet.unref();
      if (shown.length % AT_ONCE !== 0) continue;
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { width, height, shown };
  } finally {
    packet.free();
    await close();
  }
}

function changed(what: string): AppError {
  return new AppError("check_changed_beside", `The finished video ${what}.`);
}
