/** `animate`: a portrait and a motion (a preset, or a clip that drives it) become a video. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import { got } from "../errors/fields.ts";
import type { FieldError } from "../errors.ts";
import { CLIP_FORMAT_NAMES, CLIP_FORMATS } from "../media/clip-formats.ts";
import { CLIP_LIMITS, PICTURE_LIMITS } from "../media/limits.ts";
import type { Preset } from "../motion/preset.ts";
import {
  CLIP_SIZES,
  drawingSeconds,
  engineParam,
  faceParam,
  facesParam,
  fpsParam,
  intensityParam,
  labelParam,
  presetParam,
  resolveSeed,
  seedParam,
  sizeParam,
} from "./clip-params.ts";
import { type Slot, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";

export const animate: KindEntry = { name: "animate", worker: "engine", define };

/** How much of a driving clip is used, seconds. */
export const DRIVING_SECONDS = 10;

const MIB = 1024 * 1024;
const TYPICAL_DRIVING_SECONDS = 5;
/** Seconds of work to track a second of video (30 frames). */
const TRACKING_SECONDS = 0.75;

export const IMAGE_SLOT: Slot = {
  noun: "picture",
  media: ["image"],
  help: "Export it as a JPEG or PNG; of a video or document, a single picture.",
  maxBytes: 20 * MIB,
  ...PICTURE_LIMITS,
  files: { min: 1, max: 1 },
};

/** A video of a face, or a recording of one. */
export const DRIVING_SLOT: Slot = {
  noun: "driving clip",
  media: ["video", "table", "data"],
  types: ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "text/csv", "application/json"],
  // of tables only those that Live Link Face writes
  firstLine: { "text/csv": /^\uFEFF?"?timecode"?\s*,/i },
  maxBytes: 50 * MIB,
  ...CLIP_LIMITS,
  files: { min: 0, max: 1 },
};

function define({ presets, engines }: KindContext): KindDefinition {
  return {
    title: "A portrait and a motion become a video",
    slots: { image: IMAGE_SLOT, driving: DRIVING_SLOT },
    params: animateParamsSchema(presets, engines) as unknown as KindDefinition["params"],
    resolveParams: resolveSeed,
    animates: true,
    labels: true,
    conflicts: ({ preset, size, format }, slots) => {
      const tooLarge = sizeFault(format, size);
      if (tooLarge) return [tooLarge];
      if ((preset === undefined) === slots.includes("driving")) return [];
      const names = [...presets.keys()].sort().join(", ");
      if (preset === undefined) {
        const msg = `A preset is needed, or a driving clip as the input 'driving'. Choose from: ${names}`;
        return [{ loc: ["params", "preset"], msg, type: "invalid_value" }];
      }
      const msg = "Give a preset or a driving clip, not both.";
      return [{ loc: ["inputs", "driving"], msg, type: "invalid_value" }];
    },
    sale: "preview",
    outputs: ["video", "poster", "preview"],
    example: { inputs: ["image"], params: { preset: "gentle_smile" } },
    estimateSeconds: (params, inputs) => {
      const { fps, duration, size, preset, faces, format } = params as AnimateJobParams;
      const driven = inputs.driving !== undefined && inputs.driving.length > 0;
      const clipSeconds = Math.min(DRIVING_SECONDS, secondsOf(inputs, "driving") ?? TYPICAL_DRIVING_SECONDS);
      const seconds = duration ?? (driven ? clipSeconds : presets.get(preset ?? "")?.duration) ?? 3;
      const tracking = driven ? clipSeconds * TRACKING_SECONDS : 0;
      // 2 is a typical group
      const crowd = faces ? 2 : 1;
      const drawing = drawingSeconds({ size, fps, format }, seconds, crowd);
      return Math.round((0.5 * crowd + tracking + drawing) * 10) / 10;
    },
  };
}

/** Params as they came; what is wrong with one of them alone is said elsewhere. */
function sizeFault(format: unknown, size: unknown): FieldError | null {
  const { title, maxSide } = CLIP_FORMATS.find(({ name }) => name === format) ?? CLIP_FORMATS[0]!;
  if (maxSide === null || typeof size !== "number" || size <= maxSide) return null;
  const allowed = CLIP_SIZES.filter((each) => each === "source" || each <= maxSide).join(", ");
  const msg = `${title} has at most ${maxSide} pixels a side, got ${size}. Choose from: ${allowed}, or take another format`;
  return { loc: ["params", "size"], msg, type: "invalid_value" };
}

/** Params of the kind; `preset` is one of the presets' names, `engine` one of `engines`. */
function animateParamsSchema(presets: ReadonlyMap<string, Preset>, engines: string[]) {
  const params = z.strictObject({
    preset: presetParam(presets).optional(),
    engine: engineParam(engines),
    size: sizeParam.default("source"),
    fps: fpsParam,
    duration: z
      .number()
      .min(1, { error: ({ input }) => `at least 1 second${got(input)}` })
      .max(10, { error: ({ input }) => `at most 10 seconds${got(input)}` })
      .optional(),
    intensity: intensityParam,
    format: z
      .enum(CLIP_FORMAT_NAMES, {
        error: ({ input }) => `must be one of ${CLIP_FORMAT_NAMES.join(", ")}${got(input)}`,
      })
      .default(CLIP_FORMAT_NAMES[0])
      .meta({ description: "Of the output `video`." }),
    face: faceParam,
    faces: facesParam,
    seed: seedParam,
    label: labelParam,
    consent: consentParam,
  });
  const oneOrAll = params.refine(({ face, faces }) => face === undefined || faces === undefined, {
    path: ["faces"],
    error: "Give `face` for one of the faces or `faces` for all of them, not both",
  });
  return oneOrAll.transform(({ face = 0, ...rest }) => ({ ...rest, ...(rest.faces ? {} : { face }) }));
}
export type AnimateJobParams = z.infer<ReturnType<typeof animateParamsSchema>>;
