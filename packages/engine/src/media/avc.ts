/** H.264 as it lies in an MP4: units that begin with their length, and parameter sets beside them (ISO/IEC 14496-15, ITU-T H.264). */

/** `AVCDecoderConfigurationRecord`: `head` is its first five bytes. Each set is a unit without its length. */
export type AvcConfig = { head: Buffer; sps: Buffer[]; pps: Buffer[]; tail: Buffer };

const IDR = 5;
const LAST_PICTURE = 5;
const SPS = 7;
const PPS = 8;
/** Bytes of a length. */
const LENGTH = 4;

/** Null for what is none, and where lengths have other than four bytes. */
export function avcConfigOf(extradata: Buffer | null): AvcConfig | null {
  if (!extradata || extradata.length < 7 || extradata[0] !== 1 || (extradata[4]! & 3) !== LENGTH - 1) return null;
  let at = 5;
  const sets = (count: number): Buffer[] =>
    Array.from({ length: count }, () => {
      const length = extradata.readUInt16BE(at);
      at += 2 + length;
      return Buffer.from(extradata.subarray(at - length, at));
    });
  try {
    const sps = sets(extradata[at++]! & 31);
    const pps = sets(extradata[at++]!);
    if (at > extradata.length || sps.length === 0 || pps.length === 0) return null;
    return { head: Buffer.from(extradata.subarray(0, 5)), sps, pps, tail: Buffer.from(extradata.subarray(at)) };
  } catch {
    return null;
  }
}

/** The record of a track in which some pictures are of one encoder and some of another, whose sets have other ids. */
export function withSets({ head, sps, pps, tail }: AvcConfig, annexB: Buffer): Buffer {
  const units = unitsOf(annexB);
  const all = [
    [...sps, ...units.filter((unit) => typeOf(unit) === SPS)],
    [...pps, ...units.filter((unit) => typeOf(unit) === PPS)],
  ] as const;
  const parts = all.flatMap((sets, nth) => [
    Buffer.from([nth === 0 ? 0xe0 | sets.length : sets.length]),
    ...sets.flatMap((set) => [Buffer.from([set.length >> 8, set.length & 255]), set]),
  ]);
  const highest = Math.max(...all[0].map((set) => set[3]!));
  const common = all[0].reduce((flags, set) => flags & set[2]!, 0xff);
  return Buffer.concat([Buffer.from([1, head[1]!, common, highest, head[4]!]), ...parts, tail]);
}

/** The least id, from 1 on, that no set has; null where there is none. */
export function freeId({ sps, pps }: AvcConfig): number | null {
  // an SPS tells profile, flags and level before its id
  const taken = [...sps.map((set) => firstNumber(set, 4)), ...pps.map((set) => firstNumber(set, 1))];
  for (let id = 1; id < 32; id++) if (!taken.includes(id)) return id;
  return null;
}

/** An unsigned Exp-Golomb code at the start of a byte. */
function firstNumber(unit: Buffer, at: number): number {
  const bits = [...unit.subarray(at, at + 8)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const zeros = bits.indexOf("1");
  return Number.parseInt(bits.slice(zeros, 2 * zeros + 1), 2) - 1;
}

/** Whether a packet is a picture that nothing before or after it in the order of decoding reaches over. */
export function isIdr(packet: Buffer): boolean {
  for (let at = 0; at + LENGTH < packet.length; at += LENGTH + packet.readUInt32BE(at)) {
    const type = packet[at + LENGTH]! & 31;
    if (type >= 1 && type <= LAST_PICTURE) return type === IDR;
  }
  return false;
}

/** What an encoder made, units behind start codes, with lengths instead. Parameter sets lie beside the packets. */
export function lengthPrefixed(annexB: Buffer): Buffer {
  const units = unitsOf(annexB).filter((unit) => typeOf(unit) !== SPS && typeOf(unit) !== PPS);
  return Buffer.concat(
    units.flatMap((unit) => {
      const length = Buffer.alloc(LENGTH);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    }),
  );
}

const typeOf = (unit: Buffer): number => unit[0]! & 31;
const START = Buffer.from([0, 0, 1]);

function unitsOf(annexB: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let from = annexB.indexOf(START); from >= 0; ) {
    const next = annexB.indexOf(START, from + START.length);
    let end = next < 0 ? annexB.length : next;
    // zeros before a start code belong to it
    while (next >= 0 && annexB[end - 1] === 0) end--;
    units.push(annexB.subarray(from + START.length, end));
    from = next;
  }
  return units.filter((unit) => unit.length > 0);
}
