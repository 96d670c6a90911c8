/**
 * Whether a swapped face flickers in a clip. Patches of a few pixels go with the skin of the target as the picture itself moves, not with
 * landmarks, whose tremble would come into the measure; what counts is how their brightness changes from frame to frame beyond an even
 * change, beside the target's own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { findFaces } from "@smileloop/engine/face/face.ts";
import type { Clip, RgbFrame } from "@smileloop/engine/faces/processor.ts";
import { MIRROR, PLAIN_SKIN } from "@smileloop/engine/faces/swap/mesh.ts";
import { faceSwapper } from "@smileloop/engine/faces/swap/swapper.ts";
import { facesAt, trackFaces } from "@smileloop/engine/faces/tracks.ts";
import {
  inFrame,
  onFace,
  type Place,
  type Point,
  placeOf,
  shapeOf,
  steadied,
  unitOf,
} from "@smileloop/engine/lip/place.ts";
import { slipOf, type Upper, upperOf } from "@smileloop/engine/lip/slip.ts";
import { readFilm } from "@smileloop/engine/media/film-reader.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { pictureOf } from "@smileloop/engine/media/yuv.ts";
import { BOBBY } from "../../../test/support/spoken.ts";
import { talkingFilm } from "../../../test/support/talking-film.ts";
import type { FaceFigure, FacePart } from "./figures.ts";
import { ASTRONAUT, CONTEXT, HOPPER, mean } from "./stills.ts";

const MOST_FRAMES = 60;
/** Half a side of a patch, E. */
const PATCH = 0.03;
const BROWS = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55].flatMap((i) => [i, MIRROR[i]!]);

type Frame = { yuv: Uint8Array; width: number; height: number };

export const steady: FacePart = {
  name: "Swapper in clips",
  async figures({ clips }) {
    const dir = mkdtempSync(join(tmpdir(), "smileloop-steady-"));
    try {
      const { path } = await talkingFilm(join(dir, "speaking.mp4"), HOPPER, BOBBY);
      const figures: FaceFigure[] = [];
      for (const each of [path, ...clips]) figures.push(...figuresOf(await flickerIn(each)));
      return figures;
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
};

type Flicker = { name: string; skin: [was: number, is: number]; brows: [was: number, is: number] };

function figuresOf({ name, skin, brows }: Flicker): FaceFigure[] {
  return [figure(`flicker of skin in ${name}`, skin), figure(`flicker of brows in ${name}`, brows)];
}

function figure(name: string, [was, is]: [number, number]): FaceFigure {
  return {
    name: `${name} (${is.toFixed(2)} levels, the target's ${was.toFixed(2)})`,
    value: is / was,
    unit: "×",
    to: 1,
  };
}

async function flickerIn(path: string): Promise<Flicker> {
  const { signal } = CONTEXT;
  const tracked = await trackFaces(path, { maxSeconds: 60, score: 0.5, signal, progress() {} });
  const frames = await framesOf(path);
  const source = await decodePicture(ASTRONAUT);
  const { width, height } = tracked;
  const sceneAt = async (index: number) => {
    const { data } = pictureOf(frames[index]!.yuv, width, height, { x: 0, y: 0, width, height });
    return { frame: { width, height, data }, faces: facesAt(tracked, index).slice(0, 1), index, seconds: index / 25 };
  };
  const clip: Clip = { width, height, frames: frames.length, fps: 25, scale: 100, sceneAt };
  const step = await faceSwapper.prepare({ name: "face_swapper" }, clip, { pictures: [source], speech: null }, CONTEXT);
  const [was, is]: [RgbFrame[], RgbFrame[]] = [[], []];
  for (let index = 0; index < frames.length; index++) {
    const scene = await sceneAt(index);
    was.push({ ...scene.frame, data: scene.frame.data.slice() });
    is.push((await step.apply(scene)).frame);
  }
  const { places, at } = await patchesOf(frames);
  const both = (points: readonly number[]): [number, number] => [
    flickerOf(was, places, points.map(at)),
    flickerOf(is, places, points.map(at)),
  ];
  return { name: parse(path).name, skin: both(PLAIN_SKIN), brows: both(BROWS) };
}

async function framesOf(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  await readFilm(path, {
    ...{ signal: CONTEXT.signal, maxSeconds: 60 },
    onFrame: ({ yuv }, { width, height }) => {
      if (frames.length < MOST_FRAMES) frames.push({ yuv: yuv().slice(), width, height });
    },
  });
  return frames;
}

/** Where the skin of the face is in each frame, and where on it a point of the mesh lies. */
async function patchesOf(
  frames: readonly Frame[],
): Promise<{ places: (Place | null)[]; at: (point: number) => Point }> {
  const meshes: Float32Array[] = [];
  for (const { yuv, width, height } of frames) {
    const region = { x: 0, y: 0, width, height };
    const picture = { ...pictureOf(yuv, width, height, region), orientation: 1 as const };
    const [face] = await findFaces(picture);
    meshes.push(face?.points ?? meshes.at(-1)!);
  }
  const shape = shapeOf(meshes[0]!);
  const raw = meshes.map((mesh) => placeOf(shape, mesh));
  const uppers = frames.map((frame, n): Upper => upperOf(frame, raw[n]!));
  const places = steadied(
    raw,
    uppers.map((upper, n) => (n === 0 ? null : slipOf(uppers[n - 1]!, upper))),
  );
  const at = (point: number): Point => {
    const all = meshes.map((mesh, n) => onFace(raw[n]!, { x: mesh[point * 3]!, y: mesh[point * 3 + 1]! }));
    return { x: mean(all.map(({ x }) => x)), y: mean(all.map(({ y }) => y)) };
  };
  return { places, at };
}

/** Mean second difference of patches, levels. */
function flickerOf(frames: readonly RgbFrame[], places: readonly (Place | null)[], patches: readonly Point[]): number {
  const rises: number[] = [];
  for (let n = 1; n < frames.length - 1; n++) {
    for (const patch of patches) {
      const [a, b, c] = [-1, 0, 1].map((by) => levelAt(frames[n + by]!, places[n + by]!, patch));
      rises.push(Math.abs(a! - 2 * b! + c!));
    }
  }

  return mean(rises);
}

/** Mean brightness of a patch that goes with the face. */
function levelAt({ width, height, data }: RgbFrame, place: Place, { x, y }: Point): number {
  const steps = Math.max(1, Math.round(PATCH * unitOf(place)));
  let sum = 0;
  for (let row = -steps; row <= steps; row++) {
    for (let column = -steps; column <= steps; column++) {
      const at = inFrame(place, { x: x + (PATCH * column) / steps, y: y + (PATCH * row) / steps });
      const left = Math.min(width - 2, Math.max(0, Math.floor(at.x)));
      const top = Math.min(height - 2, Math.max(0, Math.floor(at.y)));
      const [across, down] = [at.x - left, at.y - top];
      const light = (i: number): number => 0.2126 * data[i]! + 0.7152 * data[i + 1]! + 0.0722 * data[i + 2]!;
      const i = (top * width + left) * 3;
      const above = light(i) + across * (light(i + 3) - light(i));
      const below = light(i + width * 3) + across * (light(i + width * 3 + 3) - light(i + width * 3));
      sum += above + down * (below - above);
    }
  }
  return sum / (2 * steps + 1) ** 2;
}
