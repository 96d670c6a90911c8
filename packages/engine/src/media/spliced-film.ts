/**
 * A video in which some pictures become others: only the groups of pictures that have some of those are decoded and encoded, and all others
 * are copied packet by packet. Groups begin with a picture that nothing reaches over (IDR). What is encoded has parameter sets of its own
 * beside those of the video, and the very times of what it stands for.
 */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { type CodecContext, Packet, Rational } from "node-av/lib";
import { lengthPrefixed, withSets } from "./avc.ts";
import { type FilmCopy, openCopy } from "./copied-film.ts";
import { openEncoder, PICTURE_ENCODERS, toFrame } from "./encoders.ts";
import { must } from "./ffmpeg.ts";
import { type FilmPictures, openPictures } from "./film-file.ts";
import { copiedGroups, type Due, type Groups } from "./film-groups.ts";
import type { Marks } from "./marks.ts";
import type { Sound } from "./sound-reader.ts";

/** Pictures by number, in the order in which they are shown: whole groups. `isNew`: whether they are encoded. */
type Run = { first: number; count: number; isNew: boolean };
export type Splice = Omit<Groups, "groups"> & { path: string; runs: Run[] };

type SpliceOptions = Due & {
  /** By picture. */
  changed: readonly boolean[];
};

/**
 * Null where the whole video has to be encoded: where every group has a picture that changes, or none can be copied.
 */
export async function planSplice(path: string, { changed, ...due }: SpliceOptions): Promise<Splice | null> {
  const found = await copiedGroups(path, due);
  if (!found) return null;
  const { groups, ...parts } = found;
  const runs = runsOf(groups, changed);
  if (!runs.some(({ isNew }) => isNew) || runs.every(({ isNew }) => isNew)) return null;
  return { path, runs, ...parts };
}

function runsOf(groups: readonly number[], changed: readonly boolean[]): Run[] {
  const runs: Run[] = [];
  let first = 0;
  for (const count of groups) {
    const isNew = changed.slice(first, first + count).includes(true);
    const last = runs.at(-1);
    if (last?.isNew === isNew) last.count += count;
    else runs.push({ first, count, isNew });
    first += count;
  }
  return runs;
}

type WriteOptions = {
  to: string;
  /** The pixels of a picture that is encoded; asked for in ascending order. Its bytes are copied at once. */
  picture: (n: number) => Promise<Uint8Array>;
  /** Heard from the first picture on, and cut at `seconds`. */
  sound: Pick<Sound, "channels" | "read">;
  seconds: number;
  marks: Marks;
  signal: AbortSignal;
};

/** What there is of the file is the caller's to remove. Throws FFmpegError, what `picture` and `sound` throw, and the signal's reason. */
export async function writeSplice(splice: Splice, options: WriteOptions): Promise<AudioSpec> {
  const { path, runs, times, config } = splice;
  const { to, sound, seconds, marks, signal } = options;
  const film = await openPictures(path);
  const { stream } = film;
  let encoder: CodecContext | null = await encoderOf(film, splice);
  let copy: FilmCopy | undefined;
  try {
    const sets = Buffer.from(encoder.extraData!);
    copy = await openCopy(to, { stream, extradata: withSets(config, sets), sound, marks, seconds });
    for (const run of runs) {
      signal.throwIfAborted();
      if (!run.isNew) {
        copyRun(film, copy, run, times.pts[0]!);
        continue;
      }
      encoder ??= await encoderOf(film, splice);
      if (!sets.equals(encoder.extraData!)) throw new Error("an encoder has other parameter sets than the one before");
      await encodeRun(encoder, copy, run, splice, options);
      encoder.freeContext();
      encoder = null;
      skipRun(film, run);
    }
    await copy.finish();
    return copy.audio;
  } finally {
    encoder?.freeContext();
    copy?.free();
    await film.close();
  }
}

/** Pictures come in the order in which they are shown, so that the times of decoding of what they stand for are good for them. */
async function encoderOf({ stream, width, height }: FilmPictures, { id, profile }: Splice): Promise<CodecContext> {
  const { codecpar, avgFrameRate } = stream;
  const { colorRange, colorPrimaries, colorTrc, colorSpace, chromaLocation } = codecpar;
  const options = { ...PICTURE_ENCODERS.h264.options, profile, bf: 0, "x264-params": `sps-id=${id}` };
  return openEncoder(
    { ...PICTURE_ENCODERS.h264, options },
    {
      ...{ width, height, rate: avgFrameRate.num > 0 ? avgFrameRate : new Rational(25, 1) },
      colours: { colorRange, colorPrimaries, colorTrc, colorSpace, chromaLocation },
    },
  );
}

async function encodeRun(
  encoder: CodecContext,
  copy: FilmCopy,
  { first, count }: Run,
  { times }: Splice,
  { picture, signal }: Pick<WriteOptions, "picture" | "signal">,
): Promise<void> {
  const packet = new Packet();
  packet.alloc();
  let written = first;
  const move = (): void => {
    for (;;) {
      const code = encoder.receivePacketSync(packet);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code, "encode");
      if (packet.pts !== BigInt(written - first)) throw new Error("pictures are encoded in another order");
      const pts = times.pts[written]!;
      // new data takes the flags away, and with them that a group begins
      const { flags } = packet;
      packet.data = lengthPrefixed(packet.data!);
      packet.flags = flags;
      packet.duration = times.lasts.get(pts)!;
      packet.pts = pts - times.pts[0]!;
      packet.dts = times.dts[written]! - times.pts[0]!;
      copy.write(packet);
      packet.unref();
      written++;
    }
  };
  try {
    for (let n = first; n < first + count; n++) {
      signal.throwIfAborted();
      const yuv = await picture(n);
      const frame = toFrame(yuv, encoder.width, encoder.height, BigInt(n - first));
      const sent = await encoder.sendFrame(frame);
      frame.free();
      must(sent, "encode");
      move();
    }
    must(await encoder.sendFrame(null), "encode");
    move();
    if (written !== first + count) throw new Error(`${written - first} of ${count} pictures were encoded`);
  } finally {
    packet.free();
  }
}

function copyRun(film: FilmPictures, copy: FilmCopy, { count }: Run, zero: bigint): void {
  eachPacket(film, count, (packet) => {
    packet.pts -= zero;
    packet.dts -= zero;
    copy.write(packet);
  });
}

function skipRun(film: FilmPictures, { count }: Run): void {
  eachPacket(film, count, () => {});
}

/** The next pictures of the file, as many. */
function eachPacket({ file, stream }: FilmPictures, count: number, take: (packet: Packet) => void): void {
  const packet = new Packet();
  packet.alloc();
  try {
    for (let left = count; left > 0; packet.unref()) {
      must(file.readFrameSync(packet), "read");
      if (packet.streamIndex !== stream.index || !packet.data) continue;
      take(packet);
      left--;
    }
  } finally {
    packet.free();
  }
}
