/** `face_debugger`: draws what is found of each face. */
import type { DEBUGGER_ITEMS } from "@smileloop/core/faces/processors.ts";
import type { Processor, SceneFace } from "../processor.ts";
import { type Colour, type Pen, penOn } from "./pen.ts";

type Item = (typeof DEBUGGER_ITEMS)[number];

/** Faces that other steps would work on, and those that are covered or cut off. */
const CLEAR: Colour = [40, 220, 90];
const UNCLEAR: Colour = [255, 140, 30];
const FIVE: Colour = [255, 50, 60];
const MANY: Colour = [60, 200, 255];
const OUTLINE: Colour = [255, 225, 50];

/** In the mesh: the nose's tip and the corners of the mouth; the outline; the 68 points of iBUG 300-W (Sagonas et al. 2013), nearest. */
const NOSE_AND_MOUTH = [4, 61, 291];
const OVAL = [
  ...[10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149],
  ...[150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109],
];
const POINTS_68 = [
  ...[162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389],
  ...[71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305],
  ...[33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380],
  ...[61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87],
];

export const faceDebugger: Processor<"face_debugger"> = {
  name: "face_debugger",
  async prepare({ items }) {
    return {
      warnings: [],
      async apply({ frame, faces }) {
        const pen = penOn(frame);
        // the largest last, so that no smaller one lies over it
        for (const face of faces.toReversed())
          for (const item of ORDER) if (items.includes(item)) DRAW[item](pen, face);
        return { frame, changed: pen.drawn(), left: [] };
      },
    };
  },
};

const ORDER: readonly Item[] = ["face-mask", "bounding-box", "face-landmark-68", "face-landmark-5"];

const DRAW: Record<Item, (pen: Pen, face: SceneFace) => void> = {
  "bounding-box": (pen, face) => {
    const { x, y, width, height } = face.box;
    const colour = face.clear ? CLEAR : UNCLEAR;
    const corners = [
      ...[
        { x, y },
        { x: x + width, y },
      ],
      ...[
        { x: x + width, y: y + height },
        { x, y: y + height },
      ],
    ];
    pen.path(corners, thicknessOf(face), colour, true);
    const size = Math.max(1, Math.round(face.eyeDistance / 45));
    const [pitch, yaw, roll] = [face.pitch, face.yaw, face.roll].map((angle) => signed(Math.round(angle)));
    pen.text(
      `#${face.track} S${face.score.toFixed(2)} P${pitch} Y${yaw} R${roll}`,
      { x, y: y - 8 * size },
      size,
      colour,
    );
  },
  "face-landmark-5": (pen, face) => {
    for (const { x, y } of fivePoints(face)) pen.dot({ x, y }, 1.5 * thicknessOf(face) + 1, FIVE);
  },
  "face-landmark-68": (pen, face) => {
    for (const i of POINTS_68) pen.dot(pointOf(face, i), thicknessOf(face) / 2 + 0.5, MANY);
  },
  "face-mask": (pen, face) => {
    const points = OVAL.map((i) => pointOf(face, i));
    pen.path(points, thicknessOf(face), OUTLINE, true);
  },
};

/** The irises' centres, the tip of the nose, the corners of the mouth; the person's right first. */
function fivePoints(face: SceneFace): { x: number; y: number }[] {
  const eyes = [face.iris.right, face.iris.left].map(([x, y]) => ({ x: x!, y: y! }));
  return [...eyes, ...NOSE_AND_MOUTH.map((i) => pointOf(face, i))];
}

function pointOf({ points }: SceneFace, i: number): { x: number; y: number } {
  return { x: points[i * 3]!, y: points[i * 3 + 1]! };
}

function thicknessOf({ eyeDistance }: SceneFace): number {
  return Math.max(1, Math.round(eyeDistance / 90));
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : `${value}`;
}
