/** The services of engine processes: requests whose `type` is the service's name, and their results. */
import { z } from "zod";
import { warningsSchema } from "../errors.ts";
import { motionSchema } from "../motion/motion.ts";
import { inlineOrPath } from "../motion/motion-file.ts";
import { FILE_SERVICES } from "./file-services.ts";
import { printsSchema } from "./print-service.ts";
import { filePathSchema, fileSchema, runIdSchema, timingsSchema } from "./protocol.ts";
import { SPEECH_SERVICES } from "./speech-services.ts";

const onePicture = z.strictObject({ image: z.array(fileSchema).length(1) });
const pointSchema = z.tuple([z.number(), z.number()]);
const count = z.int().min(0);
const side = z.int().positive();
/** Maximum number of faces that move, and of pixels on a side of the frame: far above what any cast has. */
const MAX_MOVERS = 64;
const MAX_FRAME_SIDE = 4096;
/** Side of a square frame, pixels: between thumbnails and the largest clip. */
const [MIN_SQUARE, MAX_SQUARE] = [64, 1024];

/** How gently a face has to move, and why not fully: it is turned away, not clearly a person's, on its side, or its eyes are hidden. */
const easeSchema = z.strictObject({
  ...{ all: z.number().min(0).max(1), eyes: z.number().min(0).max(1), head: z.number().min(0).max(1) },
  /** Of mouth and jaw: 0 where the mouth is covered or outside the picture; 1 where it is absent. */
  mouth: z.number().min(0).max(1).optional(),
  why: z.enum(["turned", "unclear", "sideways", "hidden"]).optional(),
});

/** A face that moves. Places in pixels of the upright full picture; edges of pixels are whole numbers. */
const moverSchema = z.strictObject({
  /** Among the faces of the picture, largest first. */
  index: count,
  /** The square in which face landmarks are read: its centre, its side, and its turn (radians, clockwise as seen). */
  crop: z.strictObject({ x: z.number(), y: z.number(), size: z.number().positive(), angle: z.number() }),
  /** Confidence of the detector, 0–1. */
  score: z.number(),
  /** The middles of the person's right and left eye, the tip of the nose, the right and the left corner of the mouth. */
  points: z.array(pointSchema).length(5),
  ease: easeSchema,
});
export type CastMover = z.infer<typeof moverSchema>;

/** Who moves in a picture, and which part of it becomes the frame of the video. Engines and checks use it as it is and choose nothing themselves. */
export const castSchema = z
  .strictObject({
    /** The upright full picture. */
    picture: z.strictObject({ width: side, height: side }),
    frame: z.strictObject({
      /** What is shown, in whole pixels of the upright full picture. */
      crop: z.strictObject({ x: count, y: count, width: side, height: side }),
      /** Of the frame, even. */
      width: side,
      height: side,
      /** Frame pixels per picture pixel; 1 where the picture is not enlarged. */
      enlarged: z.number().min(1),
    }),
    /** How many faces the picture has, whether they move or not. */
    faces: count,
    movers: z.array(z.unknown()).max(MAX_MOVERS).pipe(z.array(moverSchema).min(1)),
  })
  .refine(
    ({ picture, frame: { crop } }) => crop.x + crop.width <= picture.width && crop.y + crop.height <= picture.height,
    {
      path: ["frame", "crop"],
      error: "The frame lies outside the picture.",
    },
  )
  .refine(({ frame }) => Math.max(frame.width, frame.height) <= MAX_FRAME_SIDE, {
    path: ["frame"],
    error: `The frame has more than ${MAX_FRAME_SIDE} pixels on a side.`,
  });
export type Cast = z.infer<typeof castSchema>;

/**
 * `size`: "source" (long side ≤ 1280) or the side of a square around the face. `face`: index, largest first, or "all": every face that
 * can move does.
 */
const castParamsSchema = z.strictObject({
  size: z.union([z.literal("source"), z.int().min(MIN_SQUARE).max(MAX_SQUARE)]),
  face: z.union([count, z.literal("all")]),
  /** Longest side of the frame, where the format of the clip has one. */
  maxSide: side.optional(),
  /** Whether the frame has `size` also where the picture has too few pixels for it. */
  exact: z.boolean().optional(),
});
export type CastParams = z.infer<typeof castParamsSchema>;

/**
 * Decides who moves in a picture and what becomes the frame. `outputs.image`: where the picture may be written as a JPEG that
 * engines read: upright, sRGB, on a neutral ground. That is done where it came as anything but a JPEG or PNG. Fails with `no_face`, `face_not_there`, `face_too_small`,
 * `face_turned_away`, or what is wrong with the picture.
 */
const castRequestSchema = z.strictObject({
  type: z.literal("cast"),
  run: runIdSchema,
  inputs: onePicture,
  params: castParamsSchema,
  outputs: z.strictObject({ image: filePathSchema }).optional(),
});
export type CastRequest = z.infer<typeof castRequestSchema>;

/** `image`: what was written, to be taken for the picture from here on. `warnings`: which faces stay still or move gently, and why; that the frame is enlarged. */
export const castResultSchema = z.strictObject({
  cast: castSchema,
  image: fileSchema.optional(),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type CastResult = z.infer<typeof castResultSchema>;

/** Looks for faces in a picture. */
const inspectRequestSchema = z.strictObject({
  type: z.literal("inspect"),
  run: runIdSchema,
  inputs: onePicture,
});
export type InspectRequest = z.infer<typeof inspectRequestSchema>;

/** A face in a picture, in pixels of the upright picture. Angles in degrees with the signs of `motion.ts`. */
const foundFaceSchema = z.strictObject({
  box: z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  /** Distance of the outer eye corners, pixels: the unit E. */
  eyeDistance: z.number(),
  score: z.number(),
  pitch: z.number(),
  yaw: z.number(),
  roll: z.number(),
  /** 0–1: below 0.07 the face is blurred, from 0.2 on it is sharp. */
  sharpness: z.number(),
  /** Whether the face can be made to move. */
  moves: z.boolean(),
  /** What hides a part of the face; null for one that cannot move: too little of it is seen to tell. */
  hidden: z
    .strictObject({
      /** By dark glasses or a deep shadow. */
      eyes: z.boolean(),
      /** By a mask or a hand, or by the edge of the picture. */
      mouth: z.boolean(),
      /** By the edge of the picture. */
      cut: z.boolean(),
    })
    .nullable(),
  /** `none_seen`: none, or thin or pale rims, which are not told from skin. Null where the face is too small to tell. */
  glasses: z.enum(["none_seen", "clear", "dark"]).nullable(),
  /** What will not work with this face, or only partly, and how to fix it. */
  warnings: warningsSchema,
});
export type FoundFace = z.infer<typeof foundFaceSchema>;

export const inspectResultSchema = z.strictObject({
  width: z.int(),
  height: z.int(),
  /** EXIF orientation that the file carried, 1–8; `width` and `height` are after it was applied. */
  orientation: z.int(),
  faces: z.array(foundFaceSchema),
  /** For the block list; never shown to clients. */
  prints: z.array(printsSchema).optional(),
  /** About the picture as a whole, such as that it shows no face. */
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type InspectResult = z.infer<typeof inspectResultSchema>;

/**
 * Reads how a face moves: in a video (MP4, MOV, WebM), a Live Link Face CSV, a file of MediaPipe blendshapes or of our own
 * Motions (JSON). What lies beyond `limits.seconds` is left out, with a warning. `outputs.motion`: where a motion may be written
 * that is too long for a reply.
 */
const extractRequestSchema = z.strictObject({
  type: z.literal("extract"),
  run: runIdSchema,
  inputs: z.strictObject({ driving: z.array(fileSchema).length(1) }),
  limits: z.strictObject({ seconds: z.number().min(1).max(60) }),
  outputs: z.strictObject({ motion: filePathSchema }).optional(),
});
export type ExtractRequest = z.infer<typeof extractRequestSchema>;

export const extractResultSchema = z.strictObject({
  /** Dense tracks of one face, at rest at the start; what never moves is left out. By path only where the request names one. */
  motion: inlineOrPath(motionSchema),
  source: z.strictObject({
    kind: z.enum(["video", "livelink", "mediapipe", "motion"]),
    seconds: z.number(),
    /** Frames that were read, and their mean rate. */
    frames: z.int(),
    fps: z.number(),
    /** Size as shown, of a video. */
    width: z.int().optional(),
    height: z.int().optional(),
    /** Faces in the picture that the tracking began with, of a video. The largest is followed. */
    faces: z.int().optional(),
  }),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type ExtractResult = z.infer<typeof extractResultSchema>;

type ServiceSchemas = { request: z.ZodType; result: z.ZodType };

export const SERVICES = {
  cast: { request: castRequestSchema, result: castResultSchema },
  inspect: { request: inspectRequestSchema, result: inspectResultSchema },
  extract: { request: extractRequestSchema, result: extractResultSchema },
  ...FILE_SERVICES,
  ...SPEECH_SERVICES,
} satisfies Record<string, ServiceSchemas>;
