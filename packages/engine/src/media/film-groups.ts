/** The groups of a video's pictures that can be copied one by one: each begins with a picture that nothing reaches over (IDR). */
import { AV_CODEC_ID_H264, AV_PKT_FLAG_DISCARD, AVERROR_EOF } from "node-av/constants";
import { Packet } from "node-av/lib";
import { type AvcConfig, avcConfigOf, freeId, isIdr } from "./avc.ts";
import { NO_TIME } from "./clip-reader.ts";
import { type FilmPictures, openPictures } from "./film-file.ts";
import { isStoredAsShown } from "./upright-yuv.ts";

export type Due = {
  /** When each picture is to be shown, s, and by how much it may be off. */
  times: readonly number[];
  slack: number;
};
/** Seconds by which a picture may be shown sooner or later than it is due: none that files notice, and where pictures are uneven what containers round. */
export const SPLICE_SLACK = { even: 2e-5, uneven: 1e-3 };

/** Of pictures in the order in which they are shown, and `dts` in that of decoding, in units of the stream, from the first picture on. */
export type Times = { pts: bigint[]; dts: bigint[]; lasts: Map<bigint, bigint> };
/** As H.264 numbers them, and as x264 calls them. */
const PROFILES: Readonly<Record<number, string>> = { 66: "baseline", 77: "main", 100: "high" };

/** Whether parts of a video can be copied, if only those change that are few enough. */
export async function hasParts(path: string, due: Due): Promise<boolean> {
  const found = await copiedGroups(path, due);
  return found !== null && found.groups.length > 1;
}

/** `groups`: how many pictures each has. `id`: of parameter sets that the video does not use. `profile`: as x264 calls it. */
export type Groups = { groups: number[]; times: Times; config: AvcConfig; id: number; profile: string };

/**
 * Null where none can be copied: another codec than H.264, other pixels than those that frames are handed out with, a turn or an edit list
 * stand against it, or pictures are not shown when they are wanted.
 */
export async function copiedGroups(path: string, due: Due): Promise<Groups | null> {
  const film = await openPictures(path);
  try {
    const { codecpar } = film.stream;
    const config = codecpar.codecId === AV_CODEC_ID_H264 ? avcConfigOf(codecpar.extradata) : null;
    const profile = config && PROFILES[config.sps[0]![1]!];
    const id = config && freeId(config);
    if (!config || !profile || id === null || !isPlain(film)) return null;
    const found = groupsIn(film);
    if (!found || !areDue(found.times.pts, film.stream.timeBase.toDouble(), due)) return null;
    return { ...found, config, id, profile };
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

function areDue(pts: readonly bigint[], tick: number, { times, slack }: Due): boolean {
  const at = (n: number) => Number(pts[n]! - pts[0]!) * tick;
  return pts.length === times.length && times.every((due, n) => Math.abs(at(n) - due) <= slack);
}
