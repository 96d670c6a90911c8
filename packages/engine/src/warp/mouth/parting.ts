/**
 * Where the edges of the lips are in a frame, what of the photo they show, and where the skull is below them: tables across the mouth,
 * from which the layer reads (mouth.ts).
 */
import { createCurve, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import type { Movement, Movements, Shape } from "../head/shape.ts";
import { JAW_OPEN, mouthShapes } from "./mouth-shapes.ts";
import type { OwnMouth } from "./own-mouth.ts";

const STEPS = 108;
const REACH = 1.4;

/** In E: how far the upper lip can be drawn up and the lower one down, beyond what the jaw does. */
const LIP_TRAVEL = 0.05;
/** In E: a smile bares upper teeth once the lips have parted, a stretched mouth that does not smile the lower ones, and lips that flare both. */
const BY_SMILE = 0.034;
const BY_STRETCH = 0.028;
const BY_FLARE = 0.03;
/** In E: how far a lower lip that rolls in comes up behind the upper teeth. */
const TUCK = 0.04;
/** Rounded lips touch beside a narrower opening. */
const NARROWER = 0.3;

/** 0–1 each, but for the jaw (`mouthShapes`), which may be below 0 where the photo's is open. */
export type LipState = {
  relaxed: number;
  jaw: number;
  upperUp: number;
  lowerDown: number;
  smile: number;
  stretch: number;
  round: number;
  pucker: number;
  flare: number;
  tuck: number;
  tongue: number;
};

/** Tables by `placeOf(t)`; pixels below the slit, of the still. */
export type Parting = {
  upper: Float32Array;
  lower: Float32Array;
  /** Edges of what the photo itself shows between the lips. */
  photo: { upper: Float32Array; lower: Float32Array };
  /** From an edge to what the photo shows there. */
  upperShift: Float32Array;
  lowerShift: Float32Array;
  /** From a place between the lips to what is there on a skull that stays: along the slit (t), and down (pixels). */
  skullT: Float32Array;
  skullV: Float32Array;
  /** The widest that the lips are parted, pixels. */
  gap: number;
  /** By how much a lip that comes down lengthens the skin above it, pixels. */
  longer: number;
};

/** The place of `t` in the tables, to be read between two entries. */
export function placeOf(t: number): number {
  const at = ((t + REACH) / (2 * REACH)) * STEPS;
  return at < 0 ? 0 : at > STEPS - 0.001 ? STEPS - 0.001 : at;
}

export function tableOf(values: (t: number) => number): Float32Array {
  return Float32Array.from({ length: STEPS + 1 }, (_, i) => values((i / STEPS) * 2 * REACH - REACH));
}

export function readAt(table: Float32Array, place: number): number {
  const before = Math.floor(place);
  return table[before]! + (table[before + 1]! - table[before]!) * (place - before);
}

/** `skin`: movements of the skin in which what is between the lips stays behind. The tables are valid until the next call. */
export function createParting(head: Head, own: OwnMouth): (state: LipState, skin: Movements) => Parting {
  const carried = createCarried(head, own);
  const still = {
    upper: tableOf(own.upper),
    lower: tableOf(own.lower),
    closed: tableOf(own.closed),
    edge: tableOf(own.edge),
  };
  const room = (): Float32Array => new Float32Array(STEPS + 1);
  const [upper, lower, upperShift, lowerShift, skullT, skullV] = [room(), room(), room(), room(), room(), room()];
  return (state, skin) => {
    carried(skin, skullT, skullV);
    const { relaxed, round } = state;
    const { up, down } = travel(state, own);
    const tuck = TUCK * own.unit * state.tuck;
    const half = 1 - NARROWER * round;
    const power = 0.8 - 0.2 * round + 0.3 * relaxed * own.teeth;
    let gap = 0;
    for (let i = 0; i <= STEPS; i++) {
      const t = (i / STEPS) * 2 * REACH - REACH;
      const inside = Math.max(0, 1 - (t / half) ** 2);
      const profile = inside ** power;
      const [top, bottom, closed] = [still.upper[i]!, still.lower[i]!, still.closed[i]!];
      let above = top + relaxed * (closed - top) - up * profile;
      let below = bottom + relaxed * (closed - bottom) + down * profile - tuck * Math.sqrt(inside);
      if (below < above) {
        // lips that press on each other meet half way, but teeth that hold a lip keep the other one up
        if (state.tuck === 0) above = (above + below) / 2;
        below = above;
      }
      gap = Math.max(gap, below - above);
      upper[i] = above;
      lower[i] = below;
      upperShift[i] = top - relaxed * still.edge[i]! - above;
      lowerShift[i] = bottom + relaxed * still.edge[i]! - below;
    }
    const middle = STEPS >> 1;
    return {
      ...{ upper, lower, upperShift, lowerShift, skullT, skullV, gap, photo: still },
      longer: relaxed * (still.closed[middle]! - still.upper[middle]!),
    };
  };
}

/** How far the upper lip goes up and the lower one down in the middle of the mouth, pixels. */
function travel(state: LipState, { unit, inside }: OwnMouth): { up: number; down: number } {
  // Lips that already show what is behind them are not drawn apart further by a smile.
  const free = 1 - inside * (1 - state.relaxed);
  const byJaw = 0.5 * JAW_OPEN * state.jaw;
  const parted = smooth((2 * byJaw + LIP_TRAVEL * state.lowerDown) / 0.05);
  const flare = BY_FLARE * state.flare;
  return {
    up: unit * (byJaw + free * (LIP_TRAVEL * state.upperUp + BY_SMILE * state.smile * parted) + flare),
    down:
      unit *
      (byJaw + free * (LIP_TRAVEL * state.lowerDown + BY_STRETCH * state.stretch * (1 - state.smile) * parted) + flare),
  };
}

/** Fills in how the skin carries the line between the lips: what lies behind does not go with it. */
function createCarried(head: Head, own: OwnMouth): (skin: Movements, byT: Float32Array, byV: Float32Array) => void {
  const { frame } = own;
  const shapes = mouthShapes(head);
  const line = (axis: "x" | "y") =>
    createCurve(
      MESH.lipInnerUpper.map((index, i) => {
        const [a, b] = [head.point(index), head.point(MESH.lipInnerLower[i]!)];
        const [p, q] = [head.local(index), head.local(MESH.lipInnerLower[i]!)];
        return { t: toSlit(frame, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }).t, v: (p[axis] + q[axis]) / 2 };
      }),
      0,
    );
  const [localX, localY] = [line("x"), line("y")];
  const known = new Map<string, { t: Float32Array; v: Float32Array }>();
  const carriedBy = (name: string, shape: Shape) => {
    const before = known.get(name);
    if (before) return before;
    const moved = (t: number) => head.project(...shape(localX(t), localY(t)));
    const made = {
      t: tableOf((t) => {
        const { x, y } = moved(t);
        return (x * frame.across.x + y * frame.across.y) / frame.halfWidth;
      }),
      v: tableOf((t) => {
        const { x, y } = moved(t);
        return y * frame.across.x - x * frame.across.y;
      }),
    };
    known.set(name, made);
    return made;
  };
  return (skin, byT, byV) => {
    byT.fill(0);
    byV.fill(0);
    for (const [name, value] of Object.entries(skin)) {
      const shape = shapes[name as Movement];
      if (!shape || value === 0) continue;
      const { t, v } = carriedBy(name, shape);
      for (let i = 0; i <= STEPS; i++) {
        byT[i]! += value * t[i]!;
        byV[i]! += value * v[i]!;
      }
    }
  };
}
