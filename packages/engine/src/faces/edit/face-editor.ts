/** Brows, eyes, mouth and head moved as they are asked for, by the puppet that animates photos: a frame of it that stands still. */
import { AppError, type ErrorCode, type Warning } from "@smileloop/core/errors.ts";
import { faceAt, MIN_EYE_DISTANCE } from "../../face/face.ts";
import type { Picture } from "../../media/picture.ts";
import type { Box } from "../../media/yuv.ts";
import type { Applied, Clip, Processor, RgbFrame, SceneFace } from "../processor.ts";
import { drawEdited } from "./edited.ts";
import { type EditStep, editOf, limitedEyes, limitedTurns, PARAMETERS } from "./movements.ts";

/** Degrees to the side, beyond which the far half of a face is hardly seen. */
const MOST_YAW = 55;

/**
 * Throws `face_turned_away`, `face_too_small` for a picture. Codes of what is said: `no_effect`, `limited`, and of
 * faces that are left `already_so` and these two.
 */
export const faceEditor: Processor<"face_editor"> = {
  name: "face_editor",
  quality: "classical",
  unused: { model: "the face is moved without a network, so there is no choice of models" },
  async prepare(step, clip, _sources, { signal }) {
    if (PARAMETERS.every((name) => step[name] === 0)) {
      const detail = `Every parameter of \`face_editor\` is 0, so that faces stay as they are. One of them has to be other than 0: ${PARAMETERS.join(", ")}.`;
      return {
        warnings: [{ code: "no_effect", detail }],
        apply: async ({ frame }) => ({ frame, changed: null, left: [] }),
      };
    }
    return {
      warnings: await warningsOf(step, clip),
      async apply({ frame, faces }): Promise<Applied> {
        const data = new Uint8Array(frame.data);
        const after: SceneFace[] = [];
        const left: Warning[] = [];
        let changed: Box | null = null;
        for (const face of faces) {
          signal.throwIfAborted();
          const reason = face.clear ? reasonToLeave(face) : undefined;
          if (reason) left.push(reason);
          const box = face.clear && !reason ? await drawEdited({ ...frame, data }, face, editOf(step, face)) : null;
          if (face.clear && !reason && !box) left.push(alreadySo());
          after.push(face);
          changed = around(changed, box);
        }
        if (!changed) return { frame, changed, left };
        const edited = { ...frame, data };
        return { frame: edited, faces: () => readAgain(edited, after), changed, left };
      },
    };
  },
};

/** Later steps need the faces as they are now. */
async function readAgain(frame: RgbFrame, faces: SceneFace[]): Promise<SceneFace[]> {
  const picture = asPicture(frame);
  const again: SceneFace[] = [];
  for (const face of faces) {
    const { track, clear } = face;
    again.push(clear ? { ...(await faceAt(picture, face.crop, face.score)), track, clear } : face);
  }
  return again;
}

async function warningsOf(step: EditStep, clip: Clip): Promise<Warning[]> {
  const needed = clip.frames === 1 || step.eye_open_ratio < 0;
  const faces = needed ? (await clip.sceneAt(0)).faces.filter(({ clear }) => clear) : [];
  const [first] = faces;
  if (clip.frames === 1 && first) {
    const reasons = faces.map(reasonToLeave);
    const reason = reasons[0];
    if (reason && reasons.every(Boolean)) throw new AppError(reason.code, reason.detail, { input: "target" });
  }
  return [...limitedTurns(step), ...limitedEyes(step, faces)];
}

function reasonToLeave({ yaw, eyeDistance }: SceneFace): (Warning & { code: ErrorCode }) | undefined {
  if (Math.abs(yaw) > MOST_YAW) {
    const detail = `The face is turned to the side by ${Math.abs(yaw).toFixed(0)}°; up to ${MOST_YAW}° it can be edited.`;
    return { code: "face_turned_away", detail };
  }
  if (eyeDistance < MIN_EYE_DISTANCE) {
    const detail = `The face is too small to be edited: its outer eye corners are ${eyeDistance.toFixed(0)} pixels apart, and ${MIN_EYE_DISTANCE} are needed.`;
    return { code: "face_too_small", detail };
  }
  return undefined;
}

function alreadySo(): Warning {
  return {
    code: "already_so",
    detail: "The face shows already what is asked for, such as lips that are closed: nothing was changed.",
  };
}

function around(a: Box | null, b: Box | null): Box | null {
  if (a === null || b === null) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const [right, bottom] = [Math.max(a.x + a.width, b.x + b.width), Math.max(a.y + a.height, b.y + b.height)];
  return { x, y, width: right - x, height: bottom - y };
}

function asPicture({ width, height, data }: RgbFrame): Picture {
  const region = { x: 0, y: 0, width, height };
  return { width, height, data, fullWidth: width, fullHeight: height, region, orientation: 1 };
}
