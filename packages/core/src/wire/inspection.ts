/** What `POST /v1/inspect` says of a picture, as clients see it. */
import { z } from "zod";
import { warningSchema } from "../errors.ts";

const warningView = z.object({
  code: warningSchema.shape.code.meta({ description: "The code by which a job warns of it, or fails." }),
  detail: warningSchema.shape.detail.meta({ description: "A sentence for people, with what would help." }),
});

const faceViewSchema = z.object({
  box: z
    .object({ x: z.int(), y: z.int(), width: z.int(), height: z.int() })
    .describe("Around the face without hair and ears. It may reach beyond the picture."),
  eye_distance: z.number().describe("Distance of the outer corners of the eyes."),
  confidence: z.number().describe("How sure the detector is that this is a face, 0–1."),
  angles: z
    .object({
      pitch: z.number().describe("Above 0 the face looks down."),
      yaw: z.number().describe("Above 0 it is turned to the person's left, which is the right of the picture."),
      roll: z.number().describe("Above 0 it is tilted counter-clockwise as seen."),
    })
    .describe("Degrees."),
  sharpness: z.number().describe("0–1: below 0.07 the face is blurred, from 0.2 on it is sharp."),
  glasses: z
    .enum(["none_seen", "clear", "dark"])
    .nullable()
    .describe(
      "Rims that are dark or coloured are recognised; thin wires and pale plastic mostly are not (`none_seen`). Null where the face is too small to tell, or cannot move.",
    ),
  occlusion: z
    .object({
      eyes: z.boolean().describe("The eyes are behind dark glasses, or in a deep shadow."),
      mouth: z.boolean().describe("The mouth is behind a mask or a hand, or outside the picture."),
      cut: z.boolean().describe("The edge of the picture cuts a part of the face off."),
    })
    .nullable()
    .describe("What is hidden of the face; null where it cannot move."),
  moves: z.boolean().describe("Whether a job can make this face move."),
  warnings: z.array(warningView).describe("What will not work with this face, or only partly."),
});

export const inspectionSchema = z.object({
  type: z.string().describe("Media type by content."),
  bytes: z.int(),
  width: z.int().describe("In pixels, upright: `orientation` was applied. All places are in these pixels."),
  height: z.int(),
  orientation: z.int().describe("EXIF orientation of the file, 1–8."),
  faces: z.array(faceViewSchema).describe("Largest first, so that `face` of a job is the place in this list."),
  warnings: z.array(warningView).describe("About the picture as a whole, such as `no_face`."),
});
export type Inspection = z.infer<typeof inspectionSchema>;
