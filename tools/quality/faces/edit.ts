/** How far each parameter of an edit moves what it is for, as a new look at the face sees it, and what stays. */
import { join, parse } from "node:path";
import { processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { faceEditor } from "@smileloop/engine/faces/edit/face-editor.ts";
import { type EditStep, PARAMETERS, type Parameter } from "@smileloop/engine/faces/edit/movements.ts";
import type { Applied, RgbFrame, SceneFace } from "@smileloop/engine/faces/processor.ts";
import type { FaceFigure, FacePart } from "./figures.ts";
import { flickerFigures } from "./flicker.ts";
import {
  ASTRONAUT,
  CONTEXT,
  clipOf,
  cut,
  HOPPER,
  isNew,
  mean,
  SOURCES,
  type Still,
  sceneOf,
  stillOf,
  writeRows,
} from "./stills.ts";

/** Mean movement of any point of the mesh or the irises, E, that an edit in full has to come to; little of a mouth's is seen by the mesh. */
const LEAST_MOVED = 0.01;
/** Of these the mesh sees next to nothing: they are judged by the sheets alone. */
const UNSEEN: [Parameter, 1 | -1][] = [
  ["eye_gaze_vertical", 1],
  ["eye_open_ratio", 1],
  ["lip_open_ratio", -1],
  ["mouth_grim", -1],
  ["mouth_pout", -1],
];

export const edit: FacePart = {
  name: "Editor",
  async figures({ portraits, out }) {
    const stills: (Still & { name: string })[] = [];
    for (const path of [ASTRONAUT, HOPPER, ...portraits.filter(isNew)]) {
      const still = await stillOf(path, { maxSide: 900, around: 5 });
      if (still && Math.abs(still.face.yaw) < 30) stills.push({ ...still, name: parse(path).name });
    }
    const moved = new Map<string, number[]>();
    let outside = 0;
    for (const { frame, face, name } of stills) {
      const tiles = [await around(frame, face)];
      for (const parameter of PARAMETERS) {
        for (const value of [1, -1] as const) {
          const applied = await edited({ frame, face }, { [parameter]: value });
          outside += changedOutside(frame, applied);
          tiles.push(await around(applied.frame, face));
          const key = `${parameter} ${value}`;
          moved.set(key, [...(moved.get(key) ?? []), movement(face, (await applied.faces?.())?.[0] ?? face)]);
        }
      }
      if (out) await writeRows(rowsOf(tiles, 7), 240, join(out, `editor-${name}.png`));
    }
    const figures: FaceFigure[] = [...moved].map(([key, values]) => ({
      ...{ name: `${key}, most moved point, mean`, value: mean(values), unit: "E" },
      ...(UNSEEN.some(([name, value]) => key === `${name} ${value}`) ? {} : { from: LEAST_MOVED }),
    }));
    for (const still of stills.slice(0, 2)) figures.push(...(await flickerFigures(still)));
    return [...figures, { name: "changed outside of what is said", value: outside, unit: "pixels", to: 0 }];
  },
};

export async function edited({ frame, face }: Still, values: Partial<Record<Parameter, number>>): Promise<Applied> {
  const scene = sceneOf(frame, face);
  const step = processorStepSchema.parse({ name: "face_editor", ...values }) as EditStep;
  const prepared = await faceEditor.prepare(step, clipOf(scene), SOURCES, CONTEXT);
  return prepared.apply(scene);
}

/** The most that a point has moved, E. */
function movement(before: SceneFace, after: SceneFace): number {
  let most = 0;
  for (let i = 0; i < before.points.length; i += 3) {
    most = Math.max(
      most,
      Math.hypot(after.points[i]! - before.points[i]!, after.points[i + 1]! - before.points[i + 1]!),
    );
  }
  for (const side of ["left", "right"] as const) {
    for (const [a, b] of [
      [before.iris[side], after.iris[side]],
      [before.lids[side].upper, after.lids[side].upper],
    ] as const) {
      for (let i = 0; i < a.length; i += 2) most = Math.max(most, Math.hypot(b[i]! - a[i]!, b[i + 1]! - a[i + 1]!));
    }
  }
  return most / before.eyeDistance;
}

function changedOutside(before: RgbFrame, { frame, changed }: Applied): number {
  const inside = (x: number, y: number): boolean =>
    changed !== null &&
    x >= changed.x &&
    y >= changed.y &&
    x < changed.x + changed.width &&
    y < changed.y + changed.height;
  let count = 0;
  for (let i = 0; i < before.data.length; i += 3) {
    const pixel = i / 3;
    if (inside(pixel % before.width, Math.floor(pixel / before.width))) continue;
    if ([0, 1, 2].some((c) => before.data[i + c] !== frame.data[i + c])) count++;
  }
  return count;
}

async function around(frame: RgbFrame, { box }: SceneFace): Promise<RgbFrame> {
  const size = Math.round(Math.min(frame.width, frame.height, 1.5 * box.height));
  const left = Math.max(0, Math.min(frame.width - size, Math.round(box.x + (box.width - size) / 2)));
  const top = Math.max(0, Math.min(frame.height - size, Math.round(box.y + (box.height - size) / 2)));
  return cut(frame, { left, top, width: size, height: size });
}

function rowsOf(tiles: RgbFrame[], columns: number): RgbFrame[][] {
  return Array.from({ length: Math.ceil(tiles.length / columns) }, (_, i) =>
    tiles.slice(i * columns, (i + 1) * columns),
  );
}
