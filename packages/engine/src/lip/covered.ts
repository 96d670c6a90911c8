/**
 * Where something is before the mouth: a hand, a microphone, a cup. The mesh model draws a mouth on whatever is there and is sure of it,
 * so each frame's lower face is held against what it usually looks like in the same video. Pure.
 */
import { type Frame, type Look, percentile } from "./look.ts";
import { inFrame, unitOf } from "./place.ts";

/** Where the lower face is looked at, in E from the middle of the mouth, and how far around each place. */
const CELLS = { columns: [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3], rows: [-0.14, 0, 0.12, 0.25, 0.38], reach: 0.045 };
const COUNT = CELLS.columns.length * CELLS.rows.length;
/** Differences that are usual: parts of the brightness of the upper face, and levels of colour; and how many usual spreads they may be. */
const USUAL = { light: 0.07, colour: 5, spreads: 3 };
/**
 * Parts of the places that look otherwise where the mouth is covered. Seen on five videos (four portraits, a film): mouths that are open
 * wide reach 0.46, hands and microphones 0.31 and more, nearly all of them 0.6. Between the two limits a mouth is covered that has lost
 * its contrast, too (what is plain has less than 0.4 of the mouth's usual one, open mouths have more than usual), or is hidden for what
 * can be seen in a frame nearby. By so many degrees of a turn both limits are doubled.
 */
const COVERED = { sure: 0.55, likely: 0.28, contrast: 0.5, turn: 30 };
/** Frames beside those that are covered in which something comes or goes. */
const BESIDE = 2;

/** Of a square around the lips: its side by the width of the mouth, and its pixels across that are looked at. */
const LIPS = { side: 0.55, samples: 16 };

/** `cells`: brightness and the two colours at each place, by those of the upper face. `contrast`: between the corners of the mouth. */
export type Lower = { cells: Float32Array; contrast: number };

export function lowerOf(frame: Frame, look: Look): Lower {
  const { yuv, width, height } = frame;
  const { place, mouth, print } = look;
  const cells = new Float32Array(3 * COUNT);
  const rest = print.length - 2;
  const light = Math.max(8, print.subarray(0, rest).reduce((sum, value) => sum + value, 0) / rest - 16);
  const reach = Math.max(1, Math.round(CELLS.reach * unitOf(place)));
  const [chroma, half] = [width * height, (width >> 1) * (height >> 1)];
  let nth = 0;
  for (const down of CELLS.rows) {
    for (const across of CELLS.columns) {
      const middle = inFrame(place, { x: mouth.x + across, y: mouth.y + down });
      const x = Math.min(Math.max(reach, Math.round(middle.x)), width - 1 - reach);
      const y = Math.min(Math.max(reach, Math.round(middle.y)), height - 1 - reach);
      let sum = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) sum += yuv[(y + dy) * width + x + dx]!;
      }
      const at = chroma + (y >> 1) * (width >> 1) + (x >> 1);
      cells[nth++] = (sum / (2 * reach + 1) ** 2 - 16) / light;
      cells[nth++] = yuv[at]! - print[rest]!;
      cells[nth++] = yuv[at + half]! - print[rest + 1]!;
    }
  }
  return { cells, contrast: contrastOf(frame, look) / light };
}

/** Between the tenth and the ninth tenth of the brightness, levels. */
function contrastOf({ yuv, width, height }: Frame, { place, upper, lower, width: across }: Look): number {
  const values = new Float32Array(LIPS.samples ** 2);
  const step = (LIPS.side * across) / (LIPS.samples - 1);
  for (let row = 0; row < LIPS.samples; row++) {
    for (let column = 0; column < LIPS.samples; column++) {
      const x = (upper.x + lower.x) / 2 + (column - (LIPS.samples - 1) / 2) * step;
      const y = (upper.y + lower.y) / 2 + (row - (LIPS.samples - 1) / 2) * step;
      const at = inFrame(place, { x, y });
      const pixel = (value: number, most: number) => Math.min(most - 1, Math.max(0, Math.round(value)));
      values[row * LIPS.samples + column] = yuv[pixel(at.y, height) * width + pixel(at.x, width)]!;
    }
  }
  values.sort();
  const at = (share: number): number => values[Math.round(share * (values.length - 1))]!;
  return at(0.9) - at(0.1);
}

/**
 * Whether the mouth is covered, by frame. `hidden`: in some frames, whether it is for what can be seen in them alone: what the lower
 * face usually looks like is learnt from the frames around those in which it is not. Where it is hidden in all of them, it always is.
 * `beside`: how many frames on both sides of a covered one count as covered, too.
 */
export function coveredFrames(
  looks: readonly (Look | null)[],
  lowers: readonly (Lower | null)[],
  hidden: ReadonlyMap<number, boolean>,
  beside = BESIDE,
): boolean[] {
  const samples = [...hidden.keys()];
  if (samples.length > 0 && samples.every((n) => hidden.get(n))) return looks.map((look) => look !== null);
  const nearest = (n: number) =>
    samples.reduce((best, at) => (Math.abs(at - n) < Math.abs(best - n) ? at : best), samples[0]!);
  const known = looks.flatMap((look, n) => (look && lowers[n] && !hidden.get(nearest(n)) ? [n] : []));
  if (known.length === 0) return looks.map(() => false);
  const usual = usualOf(known.map((n) => lowers[n]!));
  const facing = percentile(
    known.map((n) => looks[n]!.yaw),
    0.5,
  );
  const covered = looks.map((look, n) => {
    const lower = lowers[n];
    if (!look || !lower) return false;
    const share = unlike(lower, usual) / (1 + Math.abs(look.yaw - facing) / COVERED.turn);
    const plain = lower.contrast < COVERED.contrast * usual.contrast;
    return share > COVERED.sure || (share > COVERED.likely && (plain || hidden.get(nearest(n)) === true));
  });
  return covered.map((_, n) => covered.slice(Math.max(0, n - beside), n + beside + 1).some(Boolean));
}

type Usual = { middle: Float32Array; spread: Float32Array; contrast: number };

function usualOf(lowers: readonly Lower[]): Usual {
  const middle = new Float32Array(3 * COUNT);
  const spread = new Float32Array(3 * COUNT);
  for (let i = 0; i < middle.length; i++) {
    const values = lowers.map(({ cells }) => cells[i]!);
    middle[i] = percentile(values, 0.5);
    spread[i] = percentile(
      values.map((value) => Math.abs(value - middle[i]!)),
      0.5,
    );
  }
  const contrast = percentile(
    lowers.map((lower) => lower.contrast),
    0.5,
  );
  return { middle, spread, contrast };
}

/** Part of the places that look otherwise than usual. */
function unlike({ cells }: Lower, { middle, spread }: Usual): number {
  let others = 0;
  for (let i = 0; i < cells.length; i += 3) {
    const off = (at: number) => Math.abs(cells[at]! - middle[at]!) / USUAL.spreads;
    const light = off(i) > USUAL.light / USUAL.spreads + spread[i]!;
    const colour = off(i + 1) + off(i + 2) > USUAL.colour / USUAL.spreads + spread[i + 1]! + spread[i + 2]!;
    if (light || colour) others++;
  }
  return others / COUNT;
}
