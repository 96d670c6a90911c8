/** Whether a file has the very pictures of a video, packet by packet, at the same times. */
import { AppError } from "@smileloop/core/errors.ts";
import { AVERROR_EOF } from "node-av/constants";
import { Packet } from "node-av/lib";
import { NO_TIME } from "../media/clip-reader.ts";
import { type FilmFile, openFilm } from "../media/film-file.ts";

/** Containers count in whole milliseconds, s. */
const MOST_OFF = 0.0015;
/** Packets after which others have their turn. */
const AT_ONCE = 200;

type Facts = { frames: number; seconds: number; width: number; height: number; fps: number };

/** Throws `check_changed_beside`, `check_unreadable`. `seconds`: from the first frame to the end of the last. */
export async function requireSamePictures(given: string, made: string, signal: AbortSignal): Promise<Facts> {
  const was = await openFilm(given);
  try {
    const is = await openFilm(made).catch((cause: unknown) => {
      throw new AppError("check_unreadable", "The finished video cannot be read.", { cause });
    });
    try {
      return { ...(await compared(was, is, signal)), width: is.width, height: is.height };
    } finally {
      await is.close();
    }
  } finally {
    await was.close();
  }
}

async function compared(
  was: FilmFile,
  is: FilmFile,
  signal: AbortSignal,
): Promise<Pick<Facts, "frames" | "seconds" | "fps">> {
  const [before, after] = [picturesOf(was), picturesOf(is)];
  let [count, first, last, lasts, shift] = [0, Infinity, -Infinity, 0, Number.NaN];
  try {
    for (;;) {
      const [one, other] = [before.next(), after.next()];
      if (one.done && other.done) break;
      const at = `at picture ${count}`;
      if (one.done || other.done) throw changed(`has ${one.done ? "more" : "fewer"} pictures than the video`);
      if (!one.value.data.equals(other.value.data)) throw changed(`has another picture ${at}`);
      const off = other.value.seconds - one.value.seconds;
      if (Number.isNaN(shift)) shift = off;
      if (Math.abs(off - shift) > MOST_OFF) throw changed(`shows its pictures at other times ${at}`);
      first = Math.min(first, other.value.seconds);
      if (other.value.seconds >= last) [last, lasts] = [other.value.seconds, other.value.lasts];
      if (++count % AT_ONCE !== 0) continue;
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    before.return();
    after.return();
  }
  const step = count > 1 ? (last - first) / (count - 1) : lasts;
  return { frames: count, seconds: last - first + (lasts > 0 ? lasts : step), fps: step > 0 ? 1 / step : 25 };
}

/** Each valid until the next is asked for. */
function* picturesOf({ file, stream }: FilmFile): Generator<{ data: Buffer; seconds: number; lasts: number }, void> {
  const tick = stream.timeBase.toDouble();
  const packet = new Packet();
  packet.alloc();
  try {
    for (let code = file.readFrameSync(packet); code >= 0 && code !== AVERROR_EOF; code = file.readFrameSync(packet)) {
      if (packet.streamIndex === stream.index && packet.data) {
        const stamp = packet.pts > NO_TIME ? packet.pts : packet.dts;
        yield { data: packet.data, seconds: Number(stamp) * tick, lasts: Number(packet.duration) * tick };
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
}

function changed(what: string): AppError {
  return new AppError("check_changed_beside", `The finished video ${what}.`);
}
