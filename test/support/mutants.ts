/** Files changed at random: cut, overwritten, doubled, mixed with others, with extreme numbers in their heads. */

/** Numbers that sizes, rates and counts take when somebody means harm. */
const EXTREMES = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Where most formats have their heads, bytes. */
const HEAD = 400;

type Change = (bytes: Buffer, random: () => number, others: readonly Buffer[]) => Buffer;
const upTo = (random: () => number, most: number): number => Math.floor(random() * Math.max(1, most));

const CHANGES: readonly Change[] = [
  (bytes, random) => bytes.subarray(0, upTo(random, bytes.length)),
  (bytes, random) => bytes.subarray(upTo(random, bytes.length)),
  (bytes, random) => overwritten(bytes, random, bytes.length, 1 + upTo(random, 40)),
  (bytes, random) => overwritten(bytes, random, HEAD, 1 + upTo(random, 6)),
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length < 8) return copy;
    const at = upTo(random, Math.min(HEAD, copy.length - 4));
    const value = EXTREMES[upTo(random, EXTREMES.length)]!;
    if (random() < 0.5) copy.writeUInt32LE(value, at);
    else copy.writeUInt32BE(value, at);
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = upTo(random, copy.length);
    return copy.fill(random() < 0.5 ? 0 : 0xff, at, Math.min(copy.length, at + upTo(random, copy.length / 3)));
  },
  (bytes, random) => {
    const [at, length] = [upTo(random, bytes.length), upTo(random, bytes.length / 4)];
    return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = upTo(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + upTo(random, bytes.length / 4))]);
  },
  (bytes, random, others) => {
    const other = others[upTo(random, others.length)]!;
    const at = upTo(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(upTo(random, other.length))]);
  },
];

function overwritten(bytes: Buffer, random: () => number, within: number, times: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let n = 0; n < times && copy.length > 0; n++)
    copy[upTo(random, Math.min(within, copy.length))] = upTo(random, 256);
  return copy;
}

/** One to three changes. */
export function mutant(bytes: Buffer, random: () => number, others: readonly Buffer[]): Buffer {
  let out = bytes;
  for (let times = 1 + upTo(random, 3); times > 0; times--) {
    out = CHANGES[upTo(random, CHANGES.length)]!(out, random, others);
  }
  return out;
}
