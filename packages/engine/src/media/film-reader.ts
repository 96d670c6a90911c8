/** Reads a video frame by frame, in any order, without ever holding more than some of them. */
import { AVSEEK_FLAG_BACKWARD } from "node-av/constants";
import { decoded, NO_TIME } from "./clip-reader.ts";
import { asUnreadable, type FilmFile, openFilm, requireFilmSize } from "./film-file.ts";
import { createUprightYuv } from "./upright-yuv.ts";

export type FilmFrame = {
  /** From the first frame of the video. */
  seconds: number;
  /** Planar 4:2:0, BT.709, limited range, as shown; the caller's. */
  yuv: () => Uint8Array;
};

export type FilmShape = Pick<FilmFile, "width" | "height">;

/** `faults`: parts that can't be decoded before a frame that can; the first of them comes after `faultSeconds`. */
type FilmRead = FilmShape & { faults: number; faultSeconds: number };

type ReadOptions = {
  signal: AbortSignal;
  /** What lies beyond is not decoded. */
  maxSeconds: number;
  /** What frames are brought to; by default they stay as they are. */
  size?: FilmShape | undefined;
  /** `share`: how far this is, 0–1. Frames are valid until it has resolved. */
  onFrame: (frame: FilmFrame, shape: FilmShape, share: number) => Promise<void> | void;
};

/** Frames that are kept when a video is shown backwards, bytes. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** Frames that are gone back where none comes any more. */
const REACH = 25;
/** Of a unit of time stamps: what sums of seconds are off by. */
const EXACT = 1e-3;

/** Every frame in the order they are shown. Throws what `openFilm` throws, and the signal's reason. */
export async function readFilm(path: string, options: ReadOptions): Promise<FilmRead> {
  const { signal, maxSeconds, onFrame } = options;
  const film = await openFilm(path);
  const { stream, file } = film;
  const shape = { width: film.width, height: film.height };
  const { width, height } = options.size ?? shape;
  const said = Number(stream.duration) * stream.timeBase.toDouble() || Number(file.duration) / 1e6 || maxSeconds;
  const converter = createUprightYuv(film.orientation, width, height);
  let [faults, faultSeconds, pending, last] = [0, 0, 0, 0];
  const onDamage = () => {
    pending++;
  };
  try {
    for await (const { frame, seconds } of framesOf(film, { onDamage })) {
      signal.throwIfAborted();
      if (faults === 0 && pending > 0) faultSeconds = last;
      faults += pending;
      [pending, last] = [0, seconds];
      if (seconds >= maxSeconds) break;
      await onFrame(
        { seconds, yuv: () => converter.yuv(frame) },
        shape,
        Math.min(1, seconds / Math.min(said, maxSeconds)),
      );
    }
    return { ...shape, faults, faultSeconds };
  } catch (error) {
    throw asUnreadable(error);
  } finally {
    converter.free();
    await film.close();
  }
}

/** From the first frame on; `zero`: the time stamp that counts as 0, where that is known. */
async function* framesOf(film: FilmFile, { zero, onDamage = () => {} }: { zero?: number; onDamage?: () => void }) {
  const { stream, file, decoder } = film;
  const tick = stream.timeBase.toDouble();
  const rate = stream.avgFrameRate.toDouble();
  const usual = rate > 1 && rate < 1000 ? 1 / rate : 1 / 25;
  let [first, last, count] = [zero, -usual, 0];
  for await (const frame of decoded(file, decoder, stream, onDamage)) {
    requireFilmSize(frame.width, frame.height);
    const stamp = frame.bestEffortTimestamp;
    const at = stamp >= NO_TIME ? Number(stamp) * tick : (first ?? 0) + last + usual;
    first ??= at;
    const seconds = at - first;
    // a stamp that does not go on is a fault of the file: the frame is shown next
    last = count++ > 0 && seconds <= last ? last + usual / 100 : seconds;
    yield { frame, seconds: last, first };
  }
}

/** Frames by number. `stamps`: the seconds of each, as `readFilm` gave them. */
export type FilmFrames = {
  /** A frame's pixels, which must not be changed. Cheap for the next ones; going back is done in long steps. */
  at(index: number): Promise<Uint8Array>;
  /** The next to be asked for is this one, before which nothing has to be decoded; harmless where that is not so. */
  skipTo(index: number): Promise<void>;
  close(): Promise<void>;
};

type Reading = {
  film: FilmFile;
  frames: AsyncGenerator<{ frame: Parameters<ConverterOf["yuv"]>[0]; seconds: number }>;
  converter: ConverterOf;
};
type ConverterOf = ReturnType<typeof createUprightYuv>;

export function filmFrames(path: string, stamps: readonly number[], signal: AbortSignal): FilmFrames {
  let reading: Reading | null = null;
  let next = 0;
  const kept = new Map<number, Uint8Array>();
  const stop = async (): Promise<void> => {
    const was = reading;
    reading = null;
    if (!was) return;
    await was.frames.return(undefined);
    was.converter.free();
    await was.film.close();
  };
  /** Begins to read at or before a frame. */
  const start = async (index: number): Promise<void> => {
    await stop();
    const film = await openFilm(path);
    const converter = createUprightYuv(film.orientation, film.width, film.height);
    let zero: number | undefined;
    if (index > 0 && film.seeks) zero = await seek(film, stamps[index]!);
    reading = { film, converter, frames: framesOf(film, zero === undefined ? {} : { zero }) };
    next = zero === undefined ? 0 : -1;
  };
  /** Reads on up to a frame and keeps those from `from` on; of a damaged video the next one, or the last, stands for one that is lost. */
  const readTo = async (from: number, index: number): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const { value, done } = await reading!.frames.next();
      if (done) break;
      const at = nearest(stamps, value.seconds);
      next = at + 1;
      if (at < from) continue;
      const yuv = reading!.converter.yuv(value.frame);
      kept.set(at, yuv);
      if (at < index) continue;
      kept.set(index, yuv);
      return;
    }
    const last = [...kept.values()].at(-1);
    next = stamps.length;
    if (last) kept.set(index, last);
  };
  const room = (bytes: number) => Math.max(2, Math.floor(KEPT_BYTES / bytes));
  return {
    async at(wanted) {
      const index = Math.min(stamps.length - 1, Math.max(0, wanted));
      try {
        const had = kept.get(index);
        if (had) return had;
        const bytes = kept.values().next().value?.length ?? 0;
        const back = next > index || reading === null;
        const from = back && bytes > 0 && index > 0 ? Math.max(0, index - room(bytes) + 1) : index;
        if (back) await start(from);
        kept.clear();
        await readTo(from, index);
        for (let before = from; before > 0 && !kept.has(index); ) {
          before = Math.max(0, before - REACH);
          await start(before);
          await readTo(before, index);
        }
        const found = kept.get(index);
        if (!found) throw new Error(`frame ${index} of ${stamps.length} did not come again`);
        return found;
      } catch (error) {
        throw asUnreadable(error);
      }
    },
    async skipTo(index) {
      kept.clear();
      await start(index).catch((error: unknown) => {
        throw asUnreadable(error);
      });
    },
    close: stop,
  };
}

/** The film's zero, where it could be put at a frame before the time; it is at its start otherwise. */
async function seek(film: FilmFile, seconds: number): Promise<number | undefined> {
  const { file, stream } = film;
  const tick = stream.timeBase.toDouble();
  const zero = stream.startTime > NO_TIME ? Number(stream.startTime) * tick : 0;
  const code = await file.seekFrame(
    stream.index,
    BigInt(Math.floor((zero + seconds) / tick + EXACT)),
    AVSEEK_FLAG_BACKWARD,
  );
  return code < 0 ? undefined : zero;
}

function nearest(stamps: readonly number[], seconds: number): number {
  let [low, high] = [0, stamps.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stamps[middle]! < seconds - 1e-4) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(0, low - 1);
  return Math.abs(stamps[before]! - seconds) < Math.abs(stamps[low]! - seconds) ? before : low;
}

/** Which frame is shown at a time: the last that has begun by then, give or take half a frame of `fps`. */
export function frameAt(stamps: readonly number[], seconds: number, fps: number): number {
  const until = seconds + 0.4 / fps;
  let [low, high] = [0, stamps.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (stamps[middle]! <= until) low = middle;
    else high = middle - 1;
  }
  return low;
}
