/** Who moves: the faces that were asked for, those that have to stay still, and how gently each moves. */
import type { CastParams } from "@smileloop/core/engine/services.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { isClear, isCut, mouthOf } from "../face/clarity.ts";
import { chooseFace, type Face, MIN_EYE_DISTANCE } from "../face/face.ts";
import { eyesHidden } from "../face/shades.ts";
import type { Picture } from "../media/picture.ts";
import { type Ease, easeOf } from "./ease.ts";
import { type FramedFace, type Framing, framing, holds } from "./framing.ts";

/** Degrees of the mesh, which is turned less than the head: what it calls 55 is nearly a profile, of which half a face is seen. */
const MAX_YAW = 52;
/** E in pixels of the frame: below it the grid is coarser than a mouth, and hardly a pixel moves. */
const MIN_SEEN_DISTANCE = 16;
/** Every face costs time in every frame. */
const MOST_MOVERS = 12;

/** A face that moves: its index in the picture, largest first, the face in the small picture's pixels, and what is not seen of it. */
export type Mover = { index: number; face: Face; ease: Ease; hidden: Hidden | null };

type Hidden = "mouth_covered" | "mouth_outside" | "cut";

type Casting = { movers: Mover[]; framing: Framing; warnings: Warning[] };

type Reason = "small" | "turned" | "outside" | "crowd";

/**
 * `faces` as `findFaces` gives them for `picture`. Pure but for looking at the picture. Throws `no_face`, `face_not_there`, and where no face is left that could move `face_too_small` or
 * `face_turned_away`.
 */
export async function castOf(picture: Picture, faces: Face[], params: CastParams): Promise<Casting> {
  const { fullWidth, fullHeight } = picture;
  const scale = fullWidth / picture.width;
  const asked = params.face === "all" ? faces : [chooseFace(faces, params.face)];
  const stay = new Map<Face, Reason>();
  const keep = (list: Face[], reason: Reason, fits: (face: Face, nth: number) => boolean): Face[] =>
    list.filter((face, nth) => {
      const kept = fits(face, nth);
      if (!kept) stay.set(face, reason);
      return kept;
    });

  let moving = keep(asked, "small", (face) => face.eyeDistance * scale >= MIN_EYE_DISTANCE);
  moving = keep(moving, "turned", (face) => Math.abs(face.yaw) <= MAX_YAW);
  moving = keep(moving, "crowd", (_, nth) => nth < MOST_MOVERS);
  const frame = framing(fullWidth, fullHeight, (moving.length > 0 ? moving : asked).map(inPicture(picture)), params);
  moving = keep(moving, "outside", (face) => params.face !== "all" || holds(frame, inPicture(picture)(face)));
  const seen = (face: Face): number => (face.eyeDistance * scale * frame.width) / frame.crop.width;
  moving = keep(moving, "small", (face) => seen(face) >= MIN_SEEN_DISTANCE);
  if (moving.length === 0) refuse(asked, stay, scale);

  const movers: Mover[] = [];
  for (const face of moving) {
    const others = faces.filter((other) => other !== face);
    const mouth = await mouthOf(picture, face);
    const legibility = {
      clear: await isClear(picture, face),
      eyesHidden: eyesHidden(picture, face),
      mouthSeen: mouth === "seen",
    };
    const hidden = mouth !== "seen" ? (`mouth_${mouth}` as const) : isCut(picture, face) ? "cut" : null;
    movers.push({ index: faces.indexOf(face), face, ease: easeOf(face, legibility, others), hidden });
  }
  const stays = [...stay].map(([face, reason]) => ({ index: faces.indexOf(face), reason }));
  return {
    movers,
    framing: frame,
    warnings: [...warnOfStill(stays, faces.length), ...warnOfMovers(movers, params), ...warnOfFrame(frame, params)],
  };
}

/** The part of a face that lies in the picture, in pixels of the full picture. */
const inPicture =
  ({ width, height, fullWidth }: Picture) =>
  ({ box }: Face): FramedFace => {
    const scale = fullWidth / width;
    const [left, top] = [Math.max(0, box.x), Math.max(0, box.y)];
    const right = Math.min(width, box.x + box.width);
    const bottom = Math.min(height, box.y + box.height);
    return { box: { x: left * scale, y: top * scale, width: (right - left) * scale, height: (bottom - top) * scale } };
  };

/** Says why the largest face that was asked for cannot move. */
function refuse(asked: Face[], stay: Map<Face, Reason>, scale: number): never {
  const face = chooseFace(asked, 0);
  const distance = Math.round(face.eyeDistance * scale);
  if (stay.get(face) === "turned") {
    throw new AppError(
      "face_turned_away",
      "The face is turned too far to the side. Use a picture in which both eyes can be seen well.",
    );
  }
  if (distance >= MIN_EYE_DISTANCE) {
    throw new AppError(
      "face_too_small",
      "The face would be too small in the video for its motion to be seen. Ask for a square around it, such as `size` 512.",
    );
  }
  throw new AppError(
    "face_too_small",
    `The face is too small: its outer eye corners are ${distance} pixels apart, and ${MIN_EYE_DISTANCE} are needed. ` +
      "Use a picture in which the face is larger.",
  );
}

const REASONS: Record<Reason, string> = {
  small: "too small",
  turned: "turned too far to the side",
  outside: "outside the square",
  crowd: `beyond the ${MOST_MOVERS} largest`,
};

function warnOfStill(stays: { index: number; reason: Reason }[], count: number): Warning[] {
  if (stays.length === 0) return [];
  const parts = (Object.keys(REASONS) as Reason[]).flatMap((reason) => {
    const indices = stays.filter((one) => one.reason === reason).map((one) => one.index);
    return indices.length === 0 ? [] : [`${REASONS[reason]}: ${named(indices)}`];
  });
  const detail = `${stays.length} of ${count} faces stay still (${parts.join("; ")}). Faces are counted from 0, largest first.`;
  return [{ code: "faces_left_still", detail }];
}

const EASED: Record<NonNullable<Ease["why"]>, Warning> = {
  turned: {
    code: "motion_eased",
    detail:
      "is turned to the side, so it moves more gently than asked. A picture that looks towards the camera moves fully.",
  },
  sideways: {
    code: "picture_sideways",
    detail: "lies on its side or upside down, so its eyes stay open. Turn the picture upright for the whole motion.",
  },
  hidden: {
    code: "eyes_hidden",
    detail: "has its eyes behind dark glasses or in a deep shadow, so they do not move.",
  },
  unclear: {
    code: "face_unclear",
    detail:
      "is not clearly a person's: a pet, a drawing, or one that is half covered or blurred. So it moves only gently. " +
      "Best is a sharp photo of a person with the whole face free.",
  },
};

const HIDDEN: Record<Hidden, Warning> = {
  mouth_covered: {
    code: "mouth_hidden",
    detail: "has its mouth covered, so the mouth does not move. Use a photo in which nothing is in front of the face.",
  },
  mouth_outside: {
    code: "face_cut",
    detail: "has its mouth outside the picture, so the mouth does not move. Use a picture of the whole face.",
  },
  cut: {
    code: "face_cut",
    detail:
      "is cut off by the edge of the picture, so its motion is seen only in part. Use a picture of the whole face.",
  },
};

function warnOfMovers(movers: Mover[], params: CastParams): Warning[] {
  return [
    ...warnOfEach(movers, params, EASED, ({ ease }) => ease.why),
    ...warnOfEach(movers, params, HIDDEN, ({ hidden }) => hidden),
  ];
}

/** One warning for all movers of which the same is to be said. */
function warnOfEach<Why extends string>(
  movers: Mover[],
  { face }: CastParams,
  warnings: Record<Why, Warning>,
  whyOf: (mover: Mover) => Why | null | undefined,
): Warning[] {
  return (Object.keys(warnings) as Why[]).flatMap((why) => {
    const indices = movers.filter((mover) => whyOf(mover) === why).map(({ index }) => index);
    if (indices.length === 0) return [];
    const { code, detail } = warnings[why];
    const each = indices.length === 1 ? `Face ${indices[0]}` : `Each of the faces ${named(indices)}`;
    return [{ code, detail: `${face === "all" ? each : "The face"} ${detail}` }];
  });
}

function warnOfFrame({ enlarged, width }: Framing, { size }: CastParams): Warning[] {
  // less is not seen
  if (enlarged < 1.1) return [];
  const detail = `The part of the picture around the face was enlarged ${enlarged.toFixed(1)} times to ${width} pixels, so it looks softer`;
  const smaller = width !== size ? `; the picture is too small for ${size}` : "";
  return [{ code: "enlarged", detail: `${detail}${smaller}.` }];
}

function named(indices: number[]): string {
  return indices.length < 2 ? indices.join() : `${indices.slice(0, -1).join(", ")} and ${indices.at(-1)}`;
}
