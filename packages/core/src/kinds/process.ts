/** `process_image`, `process_video`: the faces of a picture or a video go through steps, one after another. */
import { z } from "zod";
import { type Consent, consentParam } from "../consent.ts";
import { got } from "../errors/fields.ts";
import type { FieldError } from "../errors.ts";
import {
  PROCESSOR_NAMES,
  type ProcessorName,
  type ProcessorStep,
  processorEntry,
  processorStepSchema,
} from "../faces/processors.ts";
import { SCALE, scaleFault } from "../faces/scale.ts";
import { detectorSchema, executionSchema, faceSchema, facesSchema } from "../faces/selection.ts";
import { PICTURE_LIMITS } from "../media/limits.ts";
import { mediaClassOf, typesOfClasses } from "../media/types.ts";
import { engineParam, labelParam } from "./clip-params.ts";
import { type InputFacts, type Slot, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry, Params, SlotFacts } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";

export const processImage: KindEntry = { name: "process_image", worker: "engine", define: defineImage };
export const processVideo: KindEntry = { name: "process_video", worker: "engine", define: defineVideo };

const MIB = 1024 * 1024;
/** As much as FaceFusion's clients may send. */
const MAX_VIDEO_BYTES = 500 * MIB;
const MAX_STEPS = 10;
const MAX_SOURCES = 8;
/** As many pixels as phones take. */
const IMAGE_SLOT: Slot = {
  noun: "picture",
  media: ["image"],
  help: "Export it as a JPEG or PNG; of a video or document, a single picture.",
  maxBytes: 20 * MIB,
  ...{ maxPixels: 50_000_000, maxSide: PICTURE_LIMITS.maxSide },
  files: { min: 1, max: 1 },
};
/** Assumed where a header does not say. */
const TYPICAL = { seconds: 20, fps: 30, pixels: 1280 * 720 };
/** Seconds of work for a million pixels: reading and writing them, and each step. */
const PICTURE_SECONDS = { handling: 0.5, step: 1 };
const FRAME_SECONDS = { handling: 0.12, step: 0.15 };

/** Pictures of faces, and a sound for steps that take one. */
const sourceSlot = (maxSeconds: number): Slot => ({
  noun: "source",
  media: ["image", "audio"],
  types: typesOfClasses(["image", "audio"]),
  help: "Use a picture of a face, or for steps that take one a sound.",
  maxBytes: 20 * MIB,
  ...PICTURE_LIMITS,
  maxSeconds,
  files: { min: 0, max: MAX_SOURCES },
});

function defineImage({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "The faces of a picture are swapped, edited, made clearer or shown, step by step",
    slots: { target: IMAGE_SLOT, source: sourceSlot(maxVideoSeconds) },
    params: chosen(stepsParams(engines)),
    needs: stepNames,
    alters: (params) => stepNames(params).some((name) => processorEntry(name).alters),
    conflicts: (params, slots) => [
      ...sourceConflicts(stepNames(params), slots.includes("source")),
      ...stepNames(params).flatMap((name, nth) =>
        processorEntry(name).source === "audio" ? [soundless(name, nth)] : [],
      ),
    ],
    mismatches,
    making: { action: "edited", parent: "target" },
    labels: true,
    sale: "preview",
    outputs: ["image", "preview"],
    example: { inputs: ["target"], params: { processors: ["face_debugger"] } },
    estimateSeconds: (params, inputs) => {
      const { handling, step } = PICTURE_SECONDS;
      const { processors, scale } = params as ProcessImageJobParams;
      const millions = (pixelsOf(inputs.target?.[0]) / 1e6) * Math.max(1, scale / 100) ** 2;
      return toTenths(2 + millions * (handling + step * processors.length));
    },
  };
}

function defineVideo({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "The faces of a video are swapped, edited, made clearer or shown, step by step",
    slots: {
      target: { ...videoSlot(maxVideoSeconds), maxBytes: MAX_VIDEO_BYTES },
      source: sourceSlot(maxVideoSeconds),
    },
    params: chosen({
      ...stepsParams(engines),
      fps: z
        .number()
        .min(1)
        .max(120)
        .nullable()
        .default(null)
        .meta({ description: "Frames a second of the result; null: those of the target." }),
    }),
    needs: stepNames,
    alters: (params) => stepNames(params).some((name) => processorEntry(name).alters),
    conflicts: (params, slots) => sourceConflicts(stepNames(params), slots.includes("source")),
    mismatches,
    making: { action: "edited", parent: "target" },
    labels: true,
    sale: "preview",
    outputs: ["video", "poster", "preview"],
    example: { inputs: ["target"], params: { processors: ["face_debugger"] } },
    estimateSeconds: (params, inputs) => {
      const { handling, step } = FRAME_SECONDS;
      const { processors, scale, fps } = params as ProcessVideoJobParams;
      const frames = (secondsOf(inputs, "target") ?? TYPICAL.seconds) * Math.max(TYPICAL.fps, fps ?? 0);
      const millions = (pixelsOf(inputs.target?.[0]) / 1e6) * Math.max(1, scale / 100) ** 2;
      return toTenths(3 + frames * (0.03 + millions * (handling + step * processors.length)));
    },
  };
}

const stepParam = z
  .union([processorStepSchema, z.enum(PROCESSOR_NAMES).transform((name) => processorStepSchema.parse({ name }))])
  .meta({ description: "A processor, by its name alone or as an object with its options beside `name`." });

function stepsParams(engines: string[]) {
  return {
    processors: z.array(stepParam).min(1).max(MAX_STEPS).meta({ description: "The steps, in order." }),
    faces: facesSchema.optional().meta({ description: "Whose faces are worked on.", default: "largest" }),
    face: faceSchema.optional().meta({
      description: "With `faces` `reference`: which face of the first frame that has one; 0 is the largest.",
    }),
    scale: z.int().min(SCALE.least).max(SCALE.most).default(100).meta({ description: "Of the result, percent." }),
    detector: detectorSchema.prefault({}),
    execution: executionSchema.prefault({}),
    label: labelParam,
    consent: consentParam,
    engine: engineParam(engines),
  };
}

/** One of the faces, or a choice among them. */
function chosen<Shape extends ReturnType<typeof stepsParams>>(shape: Shape): KindDefinition["params"] {
  const params = z.strictObject(shape).refine(
    (given) => {
      const { face, faces } = given as Selected;
      return face === undefined || faces === undefined || faces === "reference";
    },
    { path: ["face"], error: "is for `faces` 'reference': leave one of them out" },
  );
  return params.transform((given) => {
    const { face, faces, ...rest } = given as Selected;
    const reference = faces === "reference" || face !== undefined;
    return {
      ...rest,
      faces: reference ? "reference" : (faces ?? "largest"),
      ...(reference ? { face: face ?? 0 } : {}),
    };
  }) as unknown as KindDefinition["params"];
}

type Selected = { faces?: z.infer<typeof facesSchema>; face?: number };
type Shared = {
  processors: ProcessorStep[];
  faces: z.infer<typeof facesSchema>;
  face?: number;
  scale: number;
  detector: z.infer<typeof detectorSchema>;
  execution: z.infer<typeof executionSchema>;
  label?: boolean;
  consent?: Consent;
};
export type ProcessImageJobParams = Shared;
export type ProcessVideoJobParams = Shared & { fps: number | null };

/** Names of the steps, of params as they came: what is not a step is told elsewhere. */
function stepNames({ processors }: Params): ProcessorName[] {
  if (!Array.isArray(processors)) return [];
  const names = processors.map((step) => (typeof step === "string" ? step : (step as { name?: unknown } | null)?.name));
  return names.filter((name): name is ProcessorName => (PROCESSOR_NAMES as readonly unknown[]).includes(name));
}

function sourceConflicts(names: readonly ProcessorName[], given: boolean): FieldError[] {
  const taking = names.filter((name) => processorEntry(name).source !== null);
  const loc = ["inputs", "source"];
  if (given && names.length > 0 && taking.length === 0) {
    const msg = `No step takes a source: ${names.join(", ")}. Leave the source out, or add a step that takes it.`;
    return [{ loc, msg, type: "invalid_value" }];
  }
  if (given || taking.length === 0) return [];
  return [{ loc, msg: missing(taking[0]!), type: "missing" }];
}

function missing(name: ProcessorName): string {
  const what = processorEntry(name).source === "audio" ? "a sound" : "a picture of a face";
  return `A source is needed for the step ${name}: ${what}, as the input 'source'.`;
}

function soundless(name: ProcessorName, nth: number): FieldError {
  return {
    loc: ["params", "processors", nth],
    msg: `${name} needs a video: a picture has no time`,
    type: "invalid_value",
  };
}

/** What does not fit together once types and sizes are known. Files that were not fetched yet may be anything. */
function mismatches(params: Params, inputs: SlotFacts): FieldError[] {
  const { scale } = params as Shared;
  const classes = (inputs.source ?? []).map(({ type }) => mediaClassOf(type));
  const { width, height } = inputs.target?.[0] ?? {};
  const tooLarge = width && height ? scaleFault({ width, height }, scale) : null;
  return [
    ...sourceMismatches(stepNames(params), classes),
    ...(tooLarge === null ? [] : [{ loc: ["params", "scale"], msg: tooLarge, type: "too_big" }]),
  ];
}

function sourceMismatches(names: readonly ProcessorName[], classes: readonly (string | null)[]): FieldError[] {
  const loc = ["inputs", "source"];
  const wants = new Set(names.map((name) => processorEntry(name).source));
  const lacking = names.find((name) => {
    const { source } = processorEntry(name);
    return source !== null && !classes.includes(source) && !classes.includes(null);
  });
  if (lacking) return [{ loc, msg: missing(lacking), type: "missing" }];
  const unused = classes.findIndex((each) => each !== null && !wants.has(each as "image" | "audio"));
  if (unused >= 0) {
    const what = classes[unused] === "audio" ? "a sound" : "a picture";
    return [
      {
        loc: [...loc, unused],
        msg: `No step takes ${what}: leave it out${got(names.join(", "))}`,
        type: "invalid_value",
      },
    ];
  }
  const sounds = classes.filter((each) => each === "audio").length;
  return sounds > 1 ? [{ loc, msg: `One sound at most, got ${sounds}.`, type: "too_big" }] : [];
}

function pixelsOf({ width, height }: Partial<InputFacts> = {}): number {
  return width && height ? width * height : TYPICAL.pixels;
}

function toTenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
