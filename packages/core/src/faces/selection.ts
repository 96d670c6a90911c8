/** Which faces of a picture or a video are worked on, how they are found, and on what the work may run. */
import { z } from "zod";

/**
 * `largest`: one person, in a video the one whose face is largest in each shot. `all`: everybody. `reference`: one person, `face` of
 * the first frame in which there is a face, followed through the video.
 */
export const FACE_CHOICES = ["largest", "all", "reference"] as const;
export const facesSchema = z.enum(FACE_CHOICES);

/** Number of a face, 0 is the largest. */
export const faceSchema = z.int().min(0).max(99);

/** Names by which clients of FaceFusion know detectors. An engine that has another one says so. */
export const DETECTORS = ["yoloface_8n", "yolo_face", "retinaface", "scrfd", "yunet", "many"] as const;
/** `score`: how sure a detector has to be of a face, 0–1. */
export const detectorSchema = z.strictObject({
  model: z.enum(DETECTORS).optional(),
  score: z.number().min(0).max(1).default(0.5),
});
export type Detector = z.infer<typeof detectorSchema>;

/** Where an engine may choose: what computes, in order of preference, and on how many threads. */
export const executionSchema = z.strictObject({
  providers: z
    .array(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/))
    .min(1)
    .max(10)
    .default(["cpu"]),
  threads: z.int().min(1).max(32).default(1),
});
export type Execution = z.infer<typeof executionSchema>;
