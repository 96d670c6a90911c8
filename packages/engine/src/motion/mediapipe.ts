/**
 * What programs save of MediaPipe's FaceLandmarker (`detectForVideo`, with blendshapes and perhaps matrices switched on): a
 * list of its results, or an object that holds the list. Names in camelCase (JavaScript) or snake_case (Python); blendshapes as
 * `categories` or as a map from name to score; times as `timestampMs`, `timestamp` or `time`, else by `fps`, else 30 a second.
 */

import { AppError } from "@smileloop/core/errors.ts";
import { CHANNELS } from "@smileloop/core/motion/motion.ts";
import { quoted, unreadable } from "./faults.ts";
import type { Take } from "./take.ts";

type Json = Record<string, unknown>;

const HELP =
  'Save the results of FaceLandmarker.detectForVideo as they are: [{"faceBlendshapes": [{"categories": [{"categoryName", "score"}]}]}, …].';
const BLENDSHAPES = CHANNELS.filter((name) => !/^(head|scale)/.test(name));
const KNOWN = new Set<string>(BLENDSHAPES);
const USUAL_RATE = 30;
const MAX_FRAMES = 100_000;
/** Blendshapes of a frame: there are 52, and a neutral one. */
const MAX_SCORES = 200;
/** Scores are 0–1; what is far beyond is in another unit. */
const MAX_SCORE = 10;
/** Numbers in a matrix: centimetres. */
const MAX_ENTRY = 1e6;
/** Between the outer corners of the eyes of MediaPipe's canonical face, in its unit (centimetres). */
const CANONICAL_EYES = 8.89;
const DEGREES = 180 / Math.PI;

/** The list of results in a parsed file, or undefined where there is none. */
export function resultsIn(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return undefined;
  const list = [value.frames, value.results, value.data].find(Array.isArray);
  return list as unknown[] | undefined;
}

/** Throws `input_unreadable`, which names the frame and the field, and `no_face`. */
export function readMediaPipe(results: unknown[], whole: unknown): Take {
  if (results.length === 0) throw unreadable("its list of frames is empty", HELP);
  if (results.length > MAX_FRAMES) throw unreadable(`it has more than ${MAX_FRAMES} frames`, HELP);
  const frames = results.map((result, i) => {
    if (!isObject(result)) throw unreadable(`frame ${i} is not an object`, HELP);
    return { result, scores: scoresIn(result, i), head: headIn(result, i) };
  });
  const seen = frames.flatMap(({ scores }, i) => (scores ? [i] : []));
  if (seen.length < Math.max(2, frames.length / 2)) {
    throw new AppError("no_face", "The driving clip has a face in less than half of its frames, by its blendshapes.");
  }
  const seconds = secondsOf(
    frames.map(({ result }) => result),
    isObject(whole) ? whole : {},
  );
  const channels: Take["channels"] = {};
  for (const name of BLENDSHAPES) {
    if (!seen.some((i) => frames[i]!.scores!.has(name))) continue;
    channels[name] = filled(frames.map(({ scores }) => scores?.get(name) ?? (scores ? 0 : Number.NaN)));
  }
  const first = frames.find(({ head }) => head)?.head;
  if (first) {
    for (const name of ["headYaw", "headPitch", "headRoll", "headX", "headY", "scale"] as const) {
      channels[name] = filled(frames.map(({ head }) => (head ? head(first)[name] : Number.NaN)));
    }
  }
  return { seconds, channels };
}

/** Scores by name; undefined where the frame shows no face. */
function scoresIn(result: Json, frame: number): Map<string, number> | undefined {
  const found = result.faceBlendshapes ?? result.face_blendshapes ?? result.blendshapes ?? result.blendShapes;
  if (found === undefined || found === null) {
    throw unreadable(`frame ${frame} has no faceBlendshapes (outputFaceBlendshapes has to be on)`, HELP);
  }
  let face: unknown = found;
  // a list of faces, each a list or an object with one
  if (Array.isArray(face) && (face.length === 0 || !("score" in Object(face[0])))) {
    if (face.length === 0) return undefined;
    face = face[0];
  }
  if (isObject(face) && Array.isArray(face.categories)) face = face.categories;
  const names = isObject(face) ? Object.keys(face).length : Array.isArray(face) ? face.length : 0;
  if (names > MAX_SCORES)
    throw unreadable(`frame ${frame} has ${names} blendshapes; at most ${MAX_SCORES} are read`, HELP);
  const scores = new Map<string, number>();
  const put = (name: unknown, score: unknown): void => {
    if (typeof name !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
      throw unreadable(`frame ${frame}: the blendshape ${quoted(name)} has no score`, HELP);
    }
    if (Math.abs(score) > MAX_SCORE) {
      throw unreadable(`frame ${frame}: the score ${score} of ${quoted(name)} is not from 0 to 1`, HELP);
    }
    if (KNOWN.has(name)) scores.set(name, score);
  };
  if (Array.isArray(face)) {
    for (const entry of face) {
      if (!isObject(entry)) throw unreadable(`frame ${frame}: its blendshapes are not objects`, HELP);
      put(entry.categoryName ?? entry.category_name ?? entry.name, entry.score);
    }
  } else if (isObject(face)) for (const [name, score] of Object.entries(face)) put(name, score);
  if (scores.size === 0) {
    throw unreadable(`frame ${frame} names no ARKit blendshape, such as jawOpen`, HELP);
  }
  return scores;
}

type Head = { matrix: number[] };
type HeadAgainst = ((first: HeadAgainst) => Record<`head${"Yaw" | "Pitch" | "Roll" | "X" | "Y"}` | "scale", number>) &
  Head;

/**
 * From the matrix that takes the canonical face (x to its left, y up, z ahead; centimetres) to the camera's space (x right, y
 * up, looking along −z): the turns have the signs of `core/motion/motion.ts` as they are.
 */
function headIn(result: Json, frame: number): HeadAgainst | undefined {
  const found = result.facialTransformationMatrixes ?? result.facial_transformation_matrixes;
  const matrix: unknown = Array.isArray(found) ? found[0] : undefined;
  if (matrix === undefined || matrix === null) return undefined;
  const values = rowsOf(matrix);
  if (!values) throw unreadable(`frame ${frame}: its facialTransformationMatrixes are no 4 × 4 numbers`, HELP);
  const at = (row: number, column: number): number => values[row * 4 + column]!;
  const against = (first: HeadAgainst) => {
    const ahead = [at(0, 2), at(1, 2), at(2, 2)] as const;
    const angles = {
      headYaw: DEGREES * Math.atan2(ahead[0], ahead[2]),
      headPitch: -DEGREES * Math.asin(Math.max(-1, Math.min(1, ahead[1] / (Math.hypot(...ahead) || 1)))),
      headRoll: DEGREES * Math.atan2(at(1, 0), at(0, 0)),
    };
    const was = (column: number): number => first.matrix[column * 4 + 3]!;
    const far = Math.max(1, -was(2));
    return {
      ...angles,
      headX: (at(0, 3) - was(0)) / CANONICAL_EYES,
      headY: -(at(1, 3) - was(1)) / CANONICAL_EYES,
      scale: far / Math.max(1, -at(2, 3)) - 1,
    };
  };
  return Object.assign(against, { matrix: values });
}

/** 16 numbers row by row, from `{data}` column by column (JavaScript) or from rows (Python). */
function rowsOf(matrix: unknown): number[] | undefined {
  const numbers = (list: unknown): list is number[] =>
    Array.isArray(list) &&
    list.length === 16 &&
    list.every((value) => typeof value === "number" && Math.abs(value) <= MAX_ENTRY);
  const data: unknown = isObject(matrix) ? matrix.data : matrix;
  if (numbers(data)) return data.map((_, i) => data[(i % 4) * 4 + Math.floor(i / 4)]!);
  const rows: unknown = Array.isArray(data) && data.length === 4 ? data.flat() : undefined;
  return numbers(rows) ? rows : undefined;
}

function secondsOf(frames: Json[], whole: Json): number[] {
  const rate = typeof whole.fps === "number" && whole.fps >= 1 && whole.fps <= 240 ? whole.fps : USUAL_RATE;
  const named = (["timestampMs", "timestamp_ms", "timestamp", "time", "t"] as const).find((name) =>
    frames.every((frame) => typeof frame[name] === "number" && Number.isFinite(frame[name])),
  );
  if (named === undefined) return frames.map((_, i) => i / rate);
  const times = frames.map((frame) => frame[named] as number);
  const step = (times.at(-1)! - times[0]!) / Math.max(1, times.length - 1);
  // Not every program says which unit: a frame is 4 ms to 0.2 s long.
  const unit = /ms$/i.test(named) || (step > 1 && step < 1000) ? 1000 : step >= 1000 ? 1e6 : 1;
  const seconds = times.map((time) => (time - times[0]!) / unit);
  const late = seconds.findIndex((time, i) => i > 0 && time < seconds[i - 1]!);
  if (late >= 0) throw unreadable(`frame ${late}: its ${named} is before that of the frame before`, HELP);
  return seconds.at(-1)! > 0 ? seconds : frames.map((_, i) => i / rate);
}

/** Where there is no number, what lies between those before and after. */
function filled(values: number[]): number[] {
  let before = -1;
  const out = [...values];
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && Number.isNaN(values[i])) continue;
    for (let k = before + 1; k < i; k++) {
      const [a, b] = [values[before] ?? values[i]!, values[i] ?? values[before]!];
      out[k] = a + ((b - a) * (k - before)) / (i - before);
    }
    before = i;
  }
  return out;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
