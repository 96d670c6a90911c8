/**
 * What can be done to the faces of a picture or a video, step by step. Names and options are those of FaceFusion 3, so that its clients
 * are understood; which of them an installation offers depends on its engines.
 */
import { z } from "zod";

export type ProcessorEntry = {
  name: string;
  title: string;
  /** What it takes from the slot `source`; null: nothing. */
  source: "image" | "audio" | null;
  /** Whether somebody's face comes out different, so that this person has to agree. */
  alters: boolean;
  options: z.ZodRawShape;
};

const percent = (usual: number) => z.int().min(0).max(100).default(usual);
/** From −1 to 1; 0 leaves it as it is. */
const shift = z.number().min(-1).max(1).default(0);
/** The name of a model of an operator's installation, which knows the list. */
const model = z
  .string()
  .regex(/^[\w./-]{1,100}$/)
  .optional();
const weight = z.number().min(0).max(1).optional();

export const DEBUGGER_ITEMS = ["bounding-box", "face-landmark-5", "face-landmark-68", "face-mask"] as const;
export const RESTORED_AREAS = ["upper-face", "lower-face"] as const;

const editing = {
  eyebrow_direction: shift,
  eye_gaze_horizontal: shift,
  eye_gaze_vertical: shift,
  eye_open_ratio: shift,
  lip_open_ratio: shift,
  mouth_grim: shift,
  mouth_pout: shift,
  mouth_purse: shift,
  mouth_smile: shift,
  mouth_position_horizontal: shift,
  mouth_position_vertical: shift,
  head_pitch: shift,
  head_yaw: shift,
  head_roll: shift,
};

export const PROCESSORS = [
  {
    name: "age_modifier",
    title: "makes a face older or younger",
    source: null,
    alters: true,
    options: { model, direction: z.int().min(-100).max(100).default(0) },
  },
  {
    name: "deep_swapper",
    title: "swaps a face by a model that was trained on one person",
    source: null,
    alters: true,
    options: { model, morph: percent(100) },
  },
  {
    name: "expression_restorer",
    title: "gives a swapped face the expression that it had",
    source: null,
    alters: true,
    options: {
      model,
      factor: percent(80),
      areas: z
        .array(z.enum(RESTORED_AREAS))
        .min(1)
        .default([...RESTORED_AREAS]),
    },
  },
  {
    name: "face_debugger",
    title: "draws what is found of each face",
    source: null,
    alters: false,
    options: {
      items: z
        .array(z.enum(DEBUGGER_ITEMS))
        .min(1)
        .default([...DEBUGGER_ITEMS]),
    },
  },
  {
    name: "face_editor",
    title: "moves brows, eyes, mouth and head",
    source: null,
    alters: true,
    options: { model, ...editing },
  },
  {
    name: "face_enhancer",
    title: "makes soft faces clearer",
    source: null,
    alters: false,
    options: { model, blend: percent(80), weight },
  },
  {
    name: "face_swapper",
    title: "puts the face of the source on the face of the target",
    source: "image",
    alters: true,
    options: {
      model,
      weight,
      pixel_boost: z
        .string()
        .regex(/^\d{2,4}x\d{2,4}$/)
        .optional(),
    },
  },
  {
    name: "frame_colorizer",
    title: "colours what is black and white",
    source: null,
    alters: false,
    options: {
      model,
      blend: percent(100),
      size: z
        .string()
        .regex(/^\d{2,4}x\d{2,4}$/)
        .optional(),
    },
  },
  {
    name: "frame_enhancer",
    title: "makes the whole frame clearer, or larger where it is scaled",
    source: null,
    alters: false,
    options: { model, blend: percent(80) },
  },
  {
    name: "lip_syncer",
    title: "makes the mouth follow a sound",
    source: "audio",
    alters: true,
    options: { model, weight },
  },
] as const satisfies readonly ProcessorEntry[];

export type ProcessorName = (typeof PROCESSORS)[number]["name"];

type Options<Entry> = Entry extends { name: infer Name; options: infer Shape extends z.ZodRawShape }
  ? { name: Name } & z.infer<z.ZodObject<Shape>>
  : never;
/** One step: a processor and its options, defaults filled in. */
export type ProcessorStep = Options<(typeof PROCESSORS)[number]>;
export type StepOf<Name extends ProcessorName> = Extract<ProcessorStep, { name: Name }>;

/** A step as `{ "name": …, options }`; unknown names and options are faults. */
export const processorStepSchema = z.discriminatedUnion(
  "name",
  PROCESSORS.map(({ name, options }) => z.strictObject({ name: z.literal(name), ...options })) as unknown as [
    z.ZodObject<{ name: z.ZodLiteral<ProcessorName> }>,
  ],
) as unknown as z.ZodType<ProcessorStep, Partial<ProcessorStep>>;
