/** Which faces can be swapped, and what is to be expected of those that can. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { MIN_EYE_DISTANCE } from "../../face/face.ts";
import type { Face } from "../../face/types.ts";
import { lipGap } from "./features.ts";
import type { Source } from "./source.ts";

/** Degrees. A face that is turned further shows too little of one half. */
const SOURCE_YAW = 30;
const TARGET_YAW = 45;
/** Degrees between the two. */
const YAW_APART = 40;
const PITCH_APART = 25;

/** From these on, the source is used with a warning. */
const TURNED_APART = 18;
const TURNED = 15;
const SMALL = 0.6;
const PARTED = 0.12;
const SHADED = 0.6;
const GLASSES = 0.5;
/** Of `overLip`. */
const MOUSTACHE = -0.35;

/** Whose fault it is. */
const TARGET = { input: "target" };

/** Why a face of the source cannot be put on any other. Throws `face_too_small`, `face_turned_away`. */
export function requireSource({ eyeDistance, yaw }: Face): void {
  if (eyeDistance < MIN_EYE_DISTANCE) {
    throw new AppError(
      "face_too_small",
      `The face of the source is too small: its outer eye corners are ${Math.round(eyeDistance)} pixels apart, and ${MIN_EYE_DISTANCE} are needed.`,
    );
  }
  if (Math.abs(yaw) > SOURCE_YAW) {
    throw new AppError(
      "face_turned_away",
      `The face of the source is turned by ${degrees(yaw)} to the side; it can be at most ${SOURCE_YAW}°. Use a picture that looks towards the camera.`,
    );
  }
}

/** Why a face of the target cannot take the source's; null where it can. */
export function outOfReach(target: Face & { clear: boolean }, source: Face): AppError | null {
  const { yaw, pitch, eyeDistance } = target;
  if (eyeDistance < MIN_EYE_DISTANCE) {
    const detail = `outer eye corners ${Math.round(eyeDistance)} pixels apart, at least ${MIN_EYE_DISTANCE} are needed`;
    return new AppError("face_too_small", `The face of the target is too small to be swapped: ${detail}.`, TARGET);
  }
  if (Math.abs(yaw) > TARGET_YAW) {
    const detail = `turned by ${degrees(yaw)} to the side, at most ${TARGET_YAW}° can be swapped`;
    return new AppError("face_turned_away", `The face of the target is turned too far away: ${detail}.`, TARGET);
  }
  const [sideways, updown] = [Math.abs(yaw - source.yaw), Math.abs(pitch - source.pitch)];
  if (sideways > YAW_APART || updown > PITCH_APART) {
    const apart = `${degrees(sideways)} apart sideways (at most ${YAW_APART}°), ${degrees(updown)} up and down (at most ${PITCH_APART}°)`;
    return new AppError("faces_turned_apart", `Source and target look in different directions: ${apart}.`);
  }
  return null;
}

/** What makes the result weaker, with its figures; each code once. */
export function weaknesses(
  source: Source,
  targets: readonly { face: Face; unit: number; glasses: number; lip: number }[],
): Warning[] {
  const { face, head } = source;
  const { contrast } = source.shade;
  const gap = lipGap(face.points, head.unit);
  const largest = Math.max(0, ...targets.map((target) => target.face.eyeDistance));
  const enlarged = largest / face.eyeDistance;
  const apart = Math.max(0, ...targets.map((target) => Math.abs(target.face.yaw - face.yaw)));
  const darkest = Math.min(0, ...targets.map(({ lip }) => lip));
  const worn = Math.max(0, ...targets.map(({ glasses }) => glasses));
  const list: [boolean, string, string][] = [
    [
      Math.abs(face.yaw) > TURNED,
      "source_turned",
      `The face of the source is turned by ${degrees(face.yaw)}, so its far side is guessed from the near one. Up to ${TURNED}° it is not.`,
    ],
    [
      apart > TURNED_APART,
      "turned_apart",
      `Source and target are turned ${degrees(apart)} apart sideways; up to ${TURNED_APART}° is good. Use a source that looks where the target does.`,
    ],
    [
      1 / enlarged < SMALL,
      "source_small",
      `The face of the source is enlarged ${enlarged.toFixed(1)} times, so the result is soft. Use a source whose face is at least ${Math.ceil(SMALL * largest)} pixels between the outer eye corners; it has ${Math.round(face.eyeDistance)}.`,
    ],
    [
      source.glasses > GLASSES,
      "source_glasses",
      "The face of the source wears glasses, so the eyes stay the target's. Use a picture without glasses.",
    ],
    [worn > GLASSES, "target_glasses", "The face of the target wears glasses, so what is behind them stays its own."],
    [
      darkest < MOUSTACHE && source.lip > MOUSTACHE,
      "target_moustache",
      `The target has a moustache (over the lip it is ${Math.exp(-darkest).toFixed(1)} times as dark as its cheeks, up to ${Math.exp(-MOUSTACHE).toFixed(1)} is good), which shines through. Use a target without one, or a source that has one, too.`,
    ],
    [
      gap > PARTED,
      "source_mouth_open",
      `The mouth of the source is open (${gap.toFixed(2)} of the distance between its eyes; up to ${PARTED} is good), so lips may stay the target's. Use a picture with the mouth closed.`,
    ],
    [
      contrast > SHADED,
      "source_shaded",
      `The lit part of the source's face is ${Math.exp(contrast).toFixed(1)} times as bright as its shade (up to ${Math.exp(SHADED).toFixed(1)} is good). Use a picture in soft light.`,
    ],
  ];
  return list.flatMap(([applies, why, detail]) => (applies ? [{ code: `quality_limited:${why}`, detail }] : []));
}

const degrees = (value: number): string => `${Math.round(Math.abs(value))}°`;
