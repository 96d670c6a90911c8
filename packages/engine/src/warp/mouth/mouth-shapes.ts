/** Shapes (channels.ts) of lips, jaw, cheeks and nose. */
import { bell, bump, smooth } from "../head/falloff.ts";
import { type Head, MESH, type Side, type Vector } from "../head/head.ts";
import { ofSide, type Shape, type Shapes } from "../head/shape.ts";

/** A jaw opening of 1, in E: more than this looks like a mask. */
export const JAW_OPEN = 0.24;
/** In E: how far a mouth goes up as a whole, and what of it goes in full, above and below its middle. */
const RAISED = 0.055;
const LIPS = 0.06;

export function mouthShapes(head: Head): Shapes {
  const mouth = mouthFrame(head);
  return { ...sideShapes(head, mouth, "left"), ...sideShapes(head, mouth, "right"), ...middleShapes(mouth) };
}

type MouthFrame = { x: number; y: number; half: number; chinY: number; noseY: number; corner: Record<Side, Vector> };

function mouthFrame(head: Head): MouthFrame {
  const corner = { right: head.local(MESH.mouthCorner.right), left: head.local(MESH.mouthCorner.left) };
  return {
    x: (corner.left.x + corner.right.x) / 2,
    y: (corner.left.y + corner.right.y) / 2,
    half: (corner.left.x - corner.right.x) / 2,
    chinY: head.local(MESH.chin).y,
    noseY: head.local(MESH.noseBase).y,
    corner,
  };
}

function sideShapes(head: Head, mouth: MouthFrame, side: Side): Shapes {
  const s = side === "left" ? 1 : -1;
  const corner = mouth.corner[side];
  const cheek = head.local(MESH.cheek[side]);
  const lid = head.local(MESH.lowerLid[side]);
  const wing = head.local(MESH.noseWing[side]);
  /** 0 at the middle of the mouth, 1 at this corner. */
  const along = (x: number): number => Math.max(0, (s * (x - mouth.x)) / mouth.half);
  /** How much a place follows the corner: rising along the lips, fading beyond the corner, above and below the mouth. */
  const follow = (x: number, y: number, power: number, beyond: number, above: number, below: number): number => {
    const u = along(x);
    const v = y - corner.y;
    return (u < 1 ? u ** power : bell((u - 1) * mouth.half, beyond)) * bell(v, v < 0 ? above : below);
  };
  const shapes: Record<string, Shape> = {
    mouthSmile: (x, y) => {
      const up = follow(x, y, 1.9, 0.25, 0.36, 0.24);
      const out = follow(x, y, 1, 0.26, 0.3, 0.28);
      const raised = bump(x, y, { x: cheek.x * 0.94, y: cheek.y + 0.06 }, 0.26, 0.2);
      const underEye = bump(x, y, lid, 0.2, 0.07);
      const nose = bump(x, y, wing, 0.1, 0.1);
      return [
        s * (0.082 * out + 0.01 * raised + 0.01 * nose),
        -0.085 * up - 0.026 * raised - 0.008 * underEye - 0.004 * nose,
        0.03 * out,
      ];
    },
    mouthDimple: (x, y) => {
      const out = follow(x, y, 1.2, 0.14, 0.14, 0.14);
      return [s * 0.03 * out, -0.004 * out, 0.03 * out];
    },
    mouthStretch: (x, y) => {
      const out = follow(x, y, 1, 0.24, 0.2, 0.26);
      return [s * 0.06 * out, 0.016 * follow(x, y, 2, 0.2, 0.2, 0.24), 0.02 * out];
    },
    mouthFrown: (x, y) => {
      const down = follow(x, y, 2, 0.16, 0.16, 0.22);
      return [s * 0.012 * down, 0.055 * down, 0];
    },
    mouthPress: (x, y) => {
      const v = y - mouth.y;
      return [0, -0.28 * v * bell(v, 0.11) * half(along(x)), 0];
    },
    mouthUpperUp: (x, y) => {
      const v = Math.max(0, mouth.y - y);
      const up = bell(x - mouth.x - s * mouth.half * 0.45, 0.16) * bell(v - 0.08, 0.12) * (y < mouth.y ? 1 : 0.4);
      return [0, -0.03 * up - 0.012 * bump(x, y, wing, 0.09, 0.08), 0];
    },
    mouthLowerDown: (x, y) => {
      const down = bell(x - mouth.x - s * mouth.half * 0.45, 0.16) * bell(y - mouth.y - 0.1, 0.12);
      return [0, (y > mouth.y ? 0.03 : 0.012) * down, 0];
    },
    cheekSquint: (x, y) => [
      s * 0.006 * bump(x, y, cheek, 0.2, 0.16),
      -0.034 * bump(x, y, cheek, 0.24, 0.17) - 0.016 * bump(x, y, lid, 0.17, 0.06),
      0,
    ],
    noseSneer: (x, y) => [0, -0.03 * bump(x, y, wing, 0.12, 0.11) - 0.01 * follow(x, y, 1, 0.15, 0.2, 0.05), 0],
  };
  return ofSide(shapes, side);
}

function middleShapes(mouth: MouthFrame): Shapes {
  const lipHeight = (y: number): number => bell(y - mouth.y, 0.13);
  const width = (x: number): number => (x - mouth.x) / mouth.half;
  const sideways = (x: number, y: number): number => bell(x - mouth.x, 0.34) * bell(y - mouth.y, 0.2);
  const jaw = (x: number, y: number): number => bell(x - mouth.x, 0.5) * jawShare(y, mouth);
  const inward = (x: number, y: number, by: number): number =>
    -by * mouth.half * width(x) * bell(Math.max(0, Math.abs(width(x)) - 1) * mouth.half, 0.16) * bell(y - mouth.y, 0.2);
  return {
    jawOpen: (x, y) => [0, JAW_OPEN * jaw(x, y), 0],
    jawLeft: (x, y) => [0.06 * jaw(x, y), 0, 0],
    jawRight: (x, y) => [-0.06 * jaw(x, y), 0, 0],
    mouthLeft: (x, y) => [0.06 * sideways(x, y), 0, 0],
    mouthRight: (x, y) => [-0.06 * sideways(x, y), 0, 0],
    mouthPucker: (x, y) => [
      inward(x, y, 0.42),
      0.25 * (y - mouth.y) * lipHeight(y) * bell(x - mouth.x, 0.2),
      -0.08 * sideways(x, y),
    ],
    mouthFunnel: (x, y) => [
      inward(x, y, 0.3),
      0.35 * (y - mouth.y) * lipHeight(y) * bell(x - mouth.x, 0.2),
      -0.06 * sideways(x, y),
    ],
    mouthRollUpper: (x, y) => [
      0,
      y < mouth.y ? -0.3 * (y - mouth.y) * lipHeight(y) * half(Math.abs(width(x))) : 0,
      0.01,
    ],
    mouthRollLower: (x, y) => [
      0,
      y > mouth.y ? -0.3 * (y - mouth.y) * lipHeight(y) * half(Math.abs(width(x))) : 0,
      0.01,
    ],
    mouthShrugUpper: (x, y) => [0, -0.02 * bell(x - mouth.x, 0.22) * bell(y - mouth.y + 0.06, 0.1), 0],
    mouthShrugLower: (x, y) => [0, -0.025 * bell(x - mouth.x, 0.25) * bell(y - mouth.y - 0.14, 0.14), 0],
    lipsForward: (x, y) => {
      const v = y - mouth.y;
      const fuller = (v > 0 ? 0.5 : 0.3) * v * bell(v, 0.15) * bell(x - mouth.x, 0.17);
      const chin = 0.03 * bell(x - mouth.x, 0.2) * bell(v - 0.2, 0.1);
      return [inward(x, y, 0.18), fuller - 0.012 * sideways(x, y) - chin, -0.06 * sideways(x, y)];
    },
    mouthRaised: (x, y) => [0, -RAISED * bell(x - mouth.x, 0.32) * raisedShare(y, mouth), 0],
    cheekPuff: (x, y) => {
      const out = bell(Math.abs(x - mouth.x) - 0.5, 0.2) * bell(y - mouth.y + 0.05, 0.22);
      return [Math.sign(x - mouth.x) * 0.05 * out, 0, -0.05 * out];
    },
  };
}

/** What of a jaw opening a height on the face follows: half of it at the lips (they part by the other half), most of it at the chin. */
function jawShare(y: number, mouth: MouthFrame): number {
  const below = (y - mouth.y) / (mouth.chinY - mouth.y);
  if (below < 0) return 0.5 * (1 - smooth((mouth.y - y) / (mouth.y - mouth.noseY)));
  return below < 1 ? 0.5 + 0.4 * smooth(below) : 0.9 * bell(below - 1, 0.6);
}

/** What goes along with a mouth that is moved up or down as a whole: its lips; nothing of nose and chin's edge. */
function raisedShare(y: number, mouth: MouthFrame): number {
  const [nose, chin] = [mouth.y - mouth.noseY, mouth.chinY - mouth.y];
  const v = y - mouth.y;
  const reach = v < 0 ? nose : 0.85 * chin;
  return 1 - smooth((Math.abs(v) - LIPS) / (reach - LIPS));
}

/** Fades in from the middle of the mouth (a one-sided press) and out beyond its corner. */
function half(u: number): number {
  return smooth(u * 2 + 0.25) * bell(Math.max(0, u - 1), 0.35);
}
