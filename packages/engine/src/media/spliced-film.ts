/**
 * A video in which some pictures become others: only the groups of pictures that have some of those are decoded and encoded, and all others
 * are copied packet by packet. Groups begin with a picture that nothing reaches over (IDR). What is encoded has parameter sets of its own
 * beside those of the video, and the very times of what it stands for.
 */
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import { AV_CODEC_ID_H264, AV_PKT_FLAG_DISCARD, AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { type CodecContext, Packet, Rational } from "node-av/lib";
import { type AvcConfig, avcConfigOf, freeId, isIdr, lengthPrefixed, withSets } from "./avc.ts";
import { NO_TIME } from "./clip-reader.ts";
import { type FilmCopy, openCopy } from "./copied-film.ts";
import { openEncoder, PICTURE_ENCODERS, toFrame } from "./encoders.ts";
import { must } from "./ffmpeg.ts";
import { type FilmPictures, openPictures } from "./film-file.ts";
import type { Marks } from "./marks.ts";
import type { Sound } from "./sound-reader.ts";
import { isStoredAsShown } from "./upright-yuv.ts";

/** Pictures by number, in the order in which they are shown: whole groups. `isNew`: whether they are encoded. */
type Run = { first: number; count: number; isNew: boolean };
/** Of pictures in the order in which they are shown, and `dts` in that of decoding, in units of the stream, from the first picture on. */
type Times = { pts: bigint[]; dts: bigint[]; lasts: Map<bigint, bigint> };
export type Splice = { path: string; runs: Run[]; times: Times; config: AvcConfig; id: number; profile: string };

type SpliceOptions = {
  /** By picture. */
  changed: readonly boolean[];
  /** When each is to be shown, s, and by how much it may be off. */
  times: readonly number[];
  slack: number;
};

/** As H.264 numbers them, and as x264 calls them. */
const PROFILES: Readonly<Record<number, string>> = { 66: "baseline", 77: "main", 100: "high" };

/**
 * Null where the whole video has to be encoded: where every group has a picture that changes, where another codec than H.264, other
 * pixels than those that frames are handed out with, a turn or an edit list stand against it, or where pictures are not shown when they are wanted.
 */
export async function planSplice(path: string, options: SpliceOptions): Promise<Splice | null> {
  const film = await openPictures(path);
  try {
    const { codecpar } = film.stream;
    const config = codecpar.codecId === AV_CODEC_ID_H264 ? avcConfigOf(codecpar.extradata) : null;
    const profile = config && PROFILES[config.sps[0]![1]!];
    const id = config && freeId(config);
    if (!config || !profile || id === null || !isPlain(film)) return null;
    const found = groupsIn(film);
    if (!found || !areDue(found.times.pts, film.stream.timeBase.toDouble(), options)) return null;
    const runs = runsOf(found.groups, options.changed);
    if (!runs.some(({ isNew }) => isNew) || runs.every(({ isNew }) => isNew)) return null;
    return { path, runs, times: found.times, config, id, profile };
  } finally {
    await film.close();
  }
}

function isPlain({ stream: { codecpar }, orientation, width, height }: FilmPictures): boolean {
  const isUpright = orientation.a === 1 && orientation.d === 1;
  return isUpright && isStoredAsShown(codecpar, width, height);
}

/** How many pictures each group has; null where the file does not begin with one, or where pictures of two groups are shown by turns. */
function groupsIn({ file, stream }: FilmPictures): { groups: number[]; times: Times } | null {
  const groups: number[] = [];
  const [pts, dts, lasts]: [bigint[], bigint[], Map<bigint, bigint>] = [[], [], new Map()];
  const packet = new Packet();
  packet.alloc();
  let [ended, latest] = [NO_TIME, NO_TIME];
  try {
    for (let code = file.readFrameSync(packet); code >= 0 && code !== AVERROR_EOF; code = file.readFrameSync(packet)) {
      if (packet.streamIndex === stream.index && packet.data) {
        if (isIdr(packet.data)) {
          groups.push(0);
          ended = latest;
        }
        const isCut = (packet.flags & AV_PKT_FLAG_DISCARD) !== 0;
        const inOrder = packet.dts > (dts.at(-1) ?? NO_TIME) && packet.dts <= packet.pts && packet.pts > ended;
        if (groups.length === 0 || isCut || !inOrder || lasts.has(packet.pts)) return null;
        groups[groups.length - 1]!++;
        if (packet.pts > latest) latest = packet.pts;
        pts.push(packet.pts);
        dts.push(packet.dts);
        lasts.set(packet.pts, packet.duration);
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
  pts.sort((a, b) => (a < b ? -1 : 1));
  return { groups, times: { pts, dts, lasts } };
}

function areDue(pts: readonly bigint[], tick: number, { times, slack }: SpliceOptions): boolean {
  const at = (n: number) => Number(pts[n]! - pts[0]!) * tick;
  return pts.length === times.length && times.every((due, n) => Math.abs(at(n) - due) <= slack);
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
