/** The service `inspect`: which faces a picture shows, and what will work with them, before any work is asked for. */
import type { FoundFace, InspectRequest, InspectResult } from "@smileloop/core/engine/services.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { castOf, type Mover } from "../cast/cast.ts";
import { isCut } from "../face/clarity.ts";
import { type Face, findFaces, NO_FACE } from "../face/face.ts";
import { eyesHidden } from "../face/shades.ts";
import { sharpnessOf } from "../face/sharpness.ts";
import type { Picture } from "../media/picture.ts";
import { toLuma } from "../media/planes.ts";
import { smallPicture } from "../media/small-picture.ts";
import type { TaskContext } from "../task.ts";
import { findGlasses } from "../warp/eyes/glasses.ts";
import { createHead } from "../warp/head/head.ts";
import { printsOfPicture } from "./print.ts";

const LEAST_SHARP = 0.07;
/** Side of the video, pixels, that is foreseen, and how much less of the picture it may have before the face counts as small. */
const VIDEO_SIDE = 512;
const MOST_ENLARGED = 1.1;
/**
 * The least E, in pixels of the small picture, at which rims are told from skin. Seen on 12 portraits with seven kinds of glasses drawn
 * onto them: from it on dark and coloured rims were found on nearly all, below it seldom; bare faces never passed for
 * faces with glasses, whatever their size. Thin wires, gold and clear plastic were mostly missed.
 */
const GLASSES_EYE_DISTANCE = 45;

/** Faces largest first, in pixels of the upright full picture; none is an answer, too. Throws what `decodePicture` throws. */
export async function inspect(
  request: InspectRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<InspectResult> {
  const started = performance.now();
  // as for animating, so that `face` means the same face
  const picture = await smallPicture(request.inputs.image[0]!.path);
  signal.throwIfAborted();
  const decoded = performance.now();
  const found = await findFaces(picture);
  signal.throwIfAborted();
  const glassesOf = glassesIn(picture);
  const faces: FoundFace[] = [];
  for (const [index, face] of found.entries()) {
    const { moves, hidden, warnings } = await foresee(picture, found, index);
    const sharpness = sharpnessOf(picture, face);
    if (moves && sharpness < LEAST_SHARP) warnings.push({ code: "face_blurred", detail: BLURRED });
    const seen = { moves, hidden, glasses: moves ? glassesOf(face) : null };
    faces.push({ ...placed(face, picture.fullWidth / picture.width), sharpness, ...seen, warnings });
    signal.throwIfAborted();
  }
  return {
    width: picture.fullWidth,
    height: picture.fullHeight,
    orientation: picture.orientation,
    faces,
    prints: await printsOfPicture(picture, found),
    warnings: warningsOf(found.length),
    timings: { decode: decoded - started, detect: performance.now() - decoded },
  };
}

const BLURRED =
  "The face is blurred, and so will be the video. Use a sharper picture, or one in which the face is larger.";

/** About the picture as a whole. */
function warningsOf(faces: number): Warning[] {
  if (faces === 0) return [{ code: "no_face", detail: NO_FACE }];
  if (faces === 1) return [];
  const detail = `The picture shows ${faces} faces. The largest, face 0, moves unless \`face\` names another one or \`faces\` is "all".`;
  return [{ code: "several_faces", detail }];
}

type Foreseen = Pick<FoundFace, "moves" | "hidden" | "warnings">;

/** What animating this face, in a square around it, would answer. */
async function foresee(picture: Picture, faces: Face[], index: number): Promise<Foreseen> {
  try {
    const { movers, framing, warnings } = await castOf(picture, faces, { size: VIDEO_SIDE, face: index });
    const [{ face, hidden: what }] = movers as [Mover];
    const hidden = {
      eyes: eyesHidden(picture, face),
      mouth: what === "mouth_covered" || what === "mouth_outside",
      cut: what === "mouth_outside" || isCut(picture, face),
    };
    // how large a video is wanted is not known yet
    const others = warnings.filter(({ code }) => code !== "enlarged");
    return { moves: true, hidden, warnings: [...others, ...warnOfSmall(framing.enlarged)] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { moves: false, hidden: null, warnings: [{ code: error.code, detail: error.message }] };
  }
}

function warnOfSmall(enlarged: number): Warning[] {
  if (enlarged < MOST_ENLARGED) return [];
  const detail =
    `The face is small: in a clip of ${VIDEO_SIDE} × ${VIDEO_SIDE} it would be enlarged ${enlarged.toFixed(1)} times and look softer. ` +
    "Use a picture in which the face is larger, or a smaller `size`.";
  return [{ code: "face_small", detail }];
}

function glassesIn({ width, height, data }: Picture): (face: Face) => FoundFace["glasses"] {
  let y: Uint8Array | undefined;
  return (face) => {
    if (face.eyeDistance < GLASSES_EYE_DISTANCE) return null;
    y ??= toLuma(data, width, height);
    const { score, hidden } = findGlasses(createHead(face), face, { width, height, y });
    if (score < 0.5) return "none_seen";
    return Math.max(hidden.left, hidden.right) < 0.5 ? "clear" : "dark";
  };
}

function placed(
  { box, eyeDistance, score, pitch, yaw, roll }: Face,
  scale: number,
): Pick<FoundFace, "box" | "eyeDistance" | "score" | "pitch" | "yaw" | "roll"> {
  return {
    box: { x: box.x * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale },
    eyeDistance: eyeDistance * scale,
    score,
    pitch,
    yaw,
    roll,
  };
}
