/**
 * What the parameters of an edit move. Their names, range (−1 to 1) and directions are FaceFusion's; + is up, to the right of the picture,
 * clockwise, wider or more.
 */
import type { Warning } from "@smileloop/core/errors.ts";
import type { StepOf } from "@smileloop/core/faces/processors.ts";
import type { Face } from "../../face/types.ts";
import type { Movements } from "../../warp/head/shape.ts";
import type { FaceValues } from "../../warp/puppet.ts";

export type EditStep = StepOf<"face_editor">;
export type Parameter = Exclude<keyof EditStep, "name" | "model">;

type Edit = Pick<FaceValues, "channels" | "relaxed">;
type Effect = (amount: number, face: Pick<Face, "yaw">) => Edit;

/** Degrees: as far as a flat picture can be turned before it shows that it is one. What the puppet is asked for comes to that. */
export const TURNS = { head_pitch: 8, head_yaw: 11, head_roll: 6 } as const;
/** The puppet's own limits, which it comes near to softly (warp/pose.ts), and by which its asking is undone. */
const SOFT_LIMITS = { head_pitch: 9, head_yaw: 12, head_roll: 7 } as const;
/** Degrees of a face that is turned: from there on an eye is opened and closed by half. */
const TURNED = 20;

const both = (stem: string, amount: number): Movements => ({ [`${stem}Left`]: amount, [`${stem}Right`]: amount });
const moved = (...movements: Movements[]): Edit => ({ channels: Object.assign({}, ...movements) });

/** `amount` 0–1 in each direction. */
const EFFECTS: Record<Parameter, { more: Effect; less: Effect }> = {
  eyebrow_direction: {
    more: (a) => moved({ browInnerUp: 0.6 * a }, both("browOuterUp", 0.8 * a)),
    less: (a) => moved(both("browDown", a)),
  },
  eye_gaze_horizontal: {
    more: (a) => moved({ eyeLookOutLeft: GAZE.aside * a, eyeLookInRight: GAZE.aside * a }),
    less: (a) => moved({ eyeLookInLeft: GAZE.aside * a, eyeLookOutRight: GAZE.aside * a }),
  },
  eye_gaze_vertical: {
    more: (a) => moved(both("eyeLookUp", GAZE.up * a)),
    less: (a) => moved(both("eyeLookDown", GAZE.down * a)),
  },
  eye_open_ratio: {
    more: (a) => moved(both("eyeWide", WIDE * a)),
    less: (a, { yaw }) => moved(both("eyeBlink", Math.abs(yaw) > TURNED ? a / 2 : a)),
  },
  lip_open_ratio: {
    more: (a) => moved({ jawOpen: 0.55 * a }, both("mouthLowerDown", 0.2 * a)),
    less: (a) => ({ channels: {}, relaxed: a }),
  },
  mouth_grim: {
    more: (a) => moved(both("mouthStretch", a), both("mouthFrown", 0.4 * a)),
    less: (a) => moved(both("mouthPress", 1.4 * a), { mouthRollLower: 0.6 * a }),
  },
  mouth_pout: {
    more: (a) => moved({ lipsForward: a }),
    less: (a) => moved({ mouthRollUpper: a, mouthRollLower: a }),
  },
  mouth_purse: {
    more: (a) => moved({ mouthPucker: a }),
    less: (a) => moved(both("mouthStretch", 0.6 * a)),
  },
  mouth_smile: {
    more: (a) => moved(both("mouthSmile", a), both("cheekSquint", 0.3 * a)),
    less: (a) => moved(both("mouthFrown", a)),
  },
  mouth_position_horizontal: {
    more: (a) => moved({ mouthLeft: 1.5 * a }),
    less: (a) => moved({ mouthRight: 1.5 * a }),
  },
  mouth_position_vertical: {
    more: (a) => moved({ mouthRaised: a }),
    less: (a) => moved({ mouthRaised: -a }),
  },
  head_pitch: {
    more: (a) => moved({ headPitch: -asked("head_pitch", a) }),
    less: (a) => moved({ headPitch: asked("head_pitch", a) }),
  },
  head_yaw: {
    more: (a) => moved({ headYaw: asked("head_yaw", a) }),
    less: (a) => moved({ headYaw: -asked("head_yaw", a) }),
  },
  head_roll: {
    more: (a) => moved({ headRoll: -asked("head_roll", a) }),
    less: (a) => moved({ headRoll: asked("head_roll", a) }),
  },
};

/** Channels are fitted to what a motion does for a moment; looks that stay have to be plain. */
const GAZE = { aside: 1.7, up: 1.6, down: 1 };
const WIDE = 1.8;

/** Names as they are in a request. */
export const PARAMETERS = Object.keys(EFFECTS) as Parameter[];

/** Everything that is asked for at once, on this face. */
export function editOf(step: EditStep, face: Pick<Face, "yaw">): FaceValues {
  const channels: Movements = {};
  let relaxed = 0;
  for (const name of PARAMETERS) {
    const value = step[name];
    if (value === 0) continue;
    const effect = value > 0 ? EFFECTS[name].more : EFFECTS[name].less;
    const edit = effect(Math.abs(value), face);
    for (const [channel, amount] of Object.entries(edit.channels)) {
      channels[channel as keyof Movements] = (channels[channel as keyof Movements] ?? 0) + amount;
    }
    relaxed = Math.max(relaxed, edit.relaxed ?? 0);
  }
  return { channels, relaxed, sway: { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 } };
}

/** Of a turn that does not go as far as others would: by how much it is turned. */
export function limitedTurns(step: EditStep): Warning[] {
  return (Object.keys(TURNS) as (keyof typeof TURNS)[]).flatMap((name) => {
    const value = step[name];
    if (value === 0) return [];
    const turned = Math.abs(value * TURNS[name]).toFixed(1);
    return {
      code: "limited",
      detail: `\`${name}\` ${value} turns the head by ${turned}° (${TURNS[name]}° at 1): a picture that is only warped cannot be turned farther.`,
    };
  });
}

/** Of eyes that are not closed in full: the lids of a face that is turned are seen from the side, and would not meet. */
export function limitedEyes({ eye_open_ratio: ratio }: EditStep, faces: readonly Pick<Face, "yaw">[]): Warning[] {
  const turned = faces.filter(({ yaw }) => Math.abs(yaw) > TURNED).map(({ yaw }) => `${Math.abs(yaw).toFixed(0)}°`);
  if (ratio >= 0 || turned.length === 0) return [];
  const detail = `Eyes are closed by half of \`eye_open_ratio\` where a face is turned by more than ${TURNED}° (${turned.join(", ")}).`;
  return [{ code: "limited", detail }];
}

/** Degrees to ask the puppet for, so that the head is turned by `amount` of what it can be. */
function asked(name: keyof typeof TURNS, amount: number): number {
  return SOFT_LIMITS[name] * Math.atanh((amount * TURNS[name]) / SOFT_LIMITS[name]);
}
