/**
 * The mouth as the photo has it, and the mouth at rest that is made of it: lips that smile or stand open come together along their
 * line, the corners go back by the smile that is measured, and what was seen between them stays where it is, on the skull.
 */
import type { Planes } from "../../media/planes.ts";
import { type Curve, createCurve, fromSlit, type SlitFrame, slitFrame, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH, type Point } from "../head/head.ts";
import { meanTone, type Tone, toneAt } from "../head/tone.ts";
import { findLipEdges } from "./lip-edges.ts";
import { JAW_OPEN } from "./mouth-shapes.ts";

/** A mouth that is open by this much (E) shows what is in it. */
const SHOWS_INSIDE = 0.035;
/** In E: how wide the wet edge of a lip is, and the shade beside teeth in a smile's corners. */
const LIP_EDGE = 0.014;
const CORNER_SHADE = 0.03;
/** A smile with closed jaws parts the lips by so much (E); more is the jaw's. */
const SMILE_GAP = 0.12;
/** Of the way between the lips the upper one comes down so far as a mouth closes that is merely open. */
const UPPER_SHARE = 0.42;
/** As a smile ends, the upper lip leaves so much of its teeth (E) to the lower one, and comes down by this share at the most. */
const LEFT_TO_LOWER = 0.036;
const UPPER_SHARE_MOST = 0.78;
/** Width between the corners and their height above the middle of the lips, E, at rest and what a full smile adds. */
const WIDTH = { rest: 0.54, smile: 0.164 };
const LIFT = { rest: 0.01, smile: 0.085 };

export type OwnMouth = {
  /** Between the inner corners of the lips. */
  frame: SlitFrame;
  unit: number;
  /** 0–1: how far the photo shows what is in the mouth, and whether that is teeth. */
  inside: number;
  teeth: number;
  /** Edges of what is seen between the lips, and the line in which they meet at rest: pixels below the slit. */
  upper: Curve;
  lower: Curve;
  closed: Curve;
  /** What of a lip's edge is seen only while it is drawn apart, pixels. */
  edge: Curve;
  /** How strongly it smiles, and how far its jaw is open, as the channels count. */
  smile: number;
  jaw: number;
  /** Pixels from the slit to nose and chin. */
  above: number;
  below: number;
  /** The lips' own colour, without their glints. */
  lips: Tone;
};

export function readMouth(head: Head, still: Planes): OwnMouth {
  const { unit } = head;
  const frame = slitFrame(head.point(MESH.lipInnerUpper[0]), head.point(MESH.lipInnerUpper[10]));
  const curve = (indices: readonly number[]) =>
    createCurve(
      indices.map((i) => toSlit(frame, head.point(i))),
      2,
    );
  const upperRaw = curve(MESH.lipInnerUpper);
  const lowerRaw = curve(MESH.lipInnerLower);
  const gap = Math.max(0, lowerRaw(0) - upperRaw(0)) / unit;
  const inside = smooth((gap - 0.5 * SHOWS_INSIDE) / (0.5 * SHOWS_INSIDE));
  // Lips that are closed touch in one line; the two contours differ there only by noise.
  const line = (t: number): number => (upperRaw(t) + lowerRaw(t)) / 2;
  const open = {
    upper: (t: number): number => Math.min(upperRaw(t), lowerRaw(t)),
    lower: (t: number): number => Math.max(upperRaw(t), lowerRaw(t)),
  };
  const seen = inside > 0 ? findLipEdges(head, still, frame, open) : open;
  const upper = (t: number): number => line(t) + inside * (seen.upper(t) - line(t));
  const lower = (t: number): number => line(t) + inside * (seen.lower(t) - line(t));
  const lips = lipTone(head, still);
  const teeth = inside * teethSeen(lips, still, (t) => fromSlit(frame, t, (upper(t) + lower(t)) / 2));
  const ofSmile = Math.min(UPPER_SHARE_MOST, Math.max(UPPER_SHARE, 1 - LEFT_TO_LOWER / gap));
  const share = UPPER_SHARE + (ofSmile - UPPER_SHARE) * teeth;
  return {
    ...{ frame, unit, inside, teeth, upper, lower, lips },
    closed: (t) => upper(t) + share * (lower(t) - upper(t)),
    edge: (t) => {
      const corner = smooth((Math.abs(t) - 0.55) / 0.4) * (1 - smooth((Math.abs(t) - 1.06) / 0.22));
      const along = Math.abs(t) < 1 ? LIP_EDGE * 0.5 : 0;
      return inside * unit * Math.max(along * (1 - corner), CORNER_SHADE * corner);
    },
    smile: teeth * smileOf(head),
    jaw: (inside * Math.max(0, gap - SMILE_GAP * teeth)) / JAW_OPEN,
    above: Math.max(0.12 * unit, -toSlit(frame, head.point(MESH.noseBase)).v),
    below: Math.max(0.3 * unit, toSlit(frame, head.point(MESH.chin)).v),
  };
}

/** How far the corners are from where they mostly are at rest, as `mouthSmile` counts. */
function smileOf(head: Head): number {
  const [right, left] = [head.local(MESH.mouthCorner.right), head.local(MESH.mouthCorner.left)];
  const middle = (head.local(MESH.lipInnerUpper[5]).y + head.local(MESH.lipInnerLower[5]).y) / 2;
  const wider = (left.x - right.x - WIDTH.rest) / WIDTH.smile;
  const higher = (middle - (left.y + right.y) / 2 - LIFT.rest) / LIFT.smile;
  return Math.min(1.1, Math.max(0, (wider + higher) / 2));
}

/** 1 where what is between the lips is plainly lighter than they are. */
function teethSeen(lips: Tone, still: Planes, between: (t: number) => Point): number {
  const places = [-0.4, -0.2, 0, 0.2, 0.4].map(between);
  const inside = meanTone(
    places.map((p) => toneAt(still, p.x, p.y)),
    0,
    1,
  );
  return smooth(((inside.luma - 16) / Math.max(1, lips.luma - 16) - 1.05) / 0.25);
}

function lipTone(head: Head, still: Planes): Tone {
  const middle = (a: readonly number[], b: readonly number[]) =>
    a.slice(3, 8).map((index, i) => {
      const p = head.point(index);
      const q = head.point(b[i + 3]!);
      return toneAt(still, (p.x + q.x) / 2, (p.y + q.y) / 2);
    });
  const tones = [...middle(MESH.lipInnerUpper, MESH.lipOuterUpper), ...middle(MESH.lipInnerLower, MESH.lipOuterLower)];
  return meanTone(tones, 0.1, 0.8);
}
