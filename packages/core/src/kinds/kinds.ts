/** What can be asked for: each kind of job with its inputs, its params and the queue and engine that serve it. */
import { z } from "zod";
import type { FieldError } from "../errors.ts";
import type { Preset } from "../motion/preset.ts";

export type Slot = { types: string[]; maxBytes: number; maxPixels: number; maxSide: number; required: boolean };

export type Kind = {
  name: string;
  title: string;
  slots: Record<string, Slot>;
  /** Checks params and fills in defaults. */
  params: z.ZodType<Record<string, unknown>>;
  /** Params as the job keeps them: what the client left to chance is drawn from the job's id. */
  drawn: (params: Record<string, unknown>, id: string) => Record<string, unknown>;
  /** What is wrong between params and the slots that are filled; `loc` within the request's body. */
  conflicts: (params: Record<string, unknown>, slots: string[]) => FieldError[];
  /** Engines that serve it here, the default first. */
  engines: string[];
  outputs: string[];
  /** Seconds of work expected, for the queue and the time limit. */
  estimateSeconds: (params: Record<string, unknown>, slots?: string[]) => number;
  /** Work that takes long has a queue of its own, where there is one: its workers are not cut off. */
  queueOf: (engine: string, estimateSeconds: number) => string;
  /** All queues that its jobs may wait in. */
  queues: string[];
};
export type Kinds = Map<string, Kind>;

/** Engines that jobs may name; which of them are configured is a matter of the installation. */
export const ENGINE_NAMES = ["warp", "liveportrait"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const IMAGE_LIMITS = { maxPixels: 100_000_000, maxSide: 16_384 } as const;
/** What a driving clip may be: the part beyond `maxSeconds` is not used. */
export const CLIP_LIMITS = { maxPixels: 4096 * 2304, maxSide: 4096, maxSeconds: 10 } as const;
export const DRIVING_TYPES = ["video/mp4", "video/quicktime", "video/webm", "text/csv", "application/json"] as const;
export const CLIP_SIZES = ["source", 256, 512, 720, 1024] as const;

/** Lambda stops after 15 minutes, and is slower than what the estimate was made on. */
const LONG_SECONDS = 120;
const TYPICAL_DRIVING_SECONDS = 5;
/** To track a second of video: 30 frames. */
const TRACKING_SECONDS = 0.75;

/** Params of kind `animate`, the preset's name not yet looked up. */
export function animateParamsSchema(presets: ReadonlyMap<string, Preset>) {
  const names = [...presets.keys()].sort();
  const params = z.strictObject({
    preset: z
      .enum(names as [string, ...string[]], {
        error: ({ input }) => `Unknown preset '${String(input).slice(0, 60)}'. Choose from: ${names.join(", ")}`,
      })
      .optional(),
    engine: z.enum(ENGINE_NAMES).optional(),
    size: z
      .union([z.literal("source"), z.literal(256), z.literal(512), z.literal(720), z.literal(1024)], {
        error: `Choose from: ${CLIP_SIZES.join(", ")} (the numbers without quotes)`,
      })
      .default("source"),
    fps: z.int().min(10).max(60).default(25),
    duration: z.number().min(1).max(10).optional(),
    intensity: z.number().min(0).max(1.5).default(1),
    face: z.int().min(0).max(99).optional().meta({ default: 0 }),
    faces: z.literal("all", { error: "Only `all` is known" }).optional(),
    seed: z
      .int()
      .min(0)
      .max(0xffffffff)
      .optional()
      .meta({ description: "Which variation of the motion; 0: as it is written. Drawn for each job when absent." }),
  });
  const oneOrAll = params.refine(({ face, faces }) => face === undefined || faces === undefined, {
    path: ["faces"],
    error: "Give `face` for one of the faces or `faces` for all of them, not both",
  });
  return oneOrAll.transform(({ face = 0, ...rest }) => ({ ...rest, ...(rest.faces ? {} : { face }) }));
}
export type AnimateJobParams = z.infer<ReturnType<typeof animateParamsSchema>>;

/** `queues`: those that there are; where nothing is said, one for each engine. */
export function createKinds(options: {
  presets: ReadonlyMap<string, Preset>;
  engines: EngineName[];
  queues?: ReadonlySet<string>;
}): Kinds {
  const { queues } = options;
  const longQueue = (engine: string) => `${engine}-long`;
  const animate: Kind = {
    name: "animate",
    title: "A portrait and a motion become a video",
    slots: {
      image: { types: ["image/jpeg", "image/png"], maxBytes: 20 * 1024 * 1024, ...IMAGE_LIMITS, required: true },
      driving: {
        types: [...DRIVING_TYPES],
        maxBytes: 50 * 1024 * 1024,
        maxPixels: CLIP_LIMITS.maxPixels,
        maxSide: CLIP_LIMITS.maxSide,
        required: false,
      },
    },
    params: animateParamsSchema(options.presets) as unknown as Kind["params"],
    // the last 32 bits of an id are random
    drawn: (params, id) => ({ ...params, seed: params.seed ?? Number.parseInt(id.slice(-8), 16) }),
    conflicts: ({ preset }, slots) => {
      if ((preset === undefined) === slots.includes("driving")) return [];
      const names = [...options.presets.keys()].sort().join(", ");
      if (preset === undefined) {
        const msg = `A preset is needed, or a driving clip as the input 'driving'. Choose from: ${names}`;
        return [{ loc: ["params", "preset"], msg, type: "invalid_value" }];
      }
      const msg = "Give a preset or a driving clip, not both.";
      return [{ loc: ["inputs", "driving"], msg, type: "invalid_value" }];
    },
    engines: options.engines,
    outputs: ["video"],
    estimateSeconds: (params, slots = []) => {
      const { fps, duration, size, preset, faces } = params as AnimateJobParams;
      const driven = slots.includes("driving");
      // how long a driving clip is, is known only once it was read
      const own = driven ? TYPICAL_DRIVING_SECONDS : options.presets.get(preset ?? "")?.duration;
      const seconds = duration ?? own ?? 3;
      const side = size === "source" ? 1280 : size;
      const tracking = driven ? seconds * TRACKING_SECONDS : 0;
      // a group, as far as one is common
      const crowd = faces ? 2 : 1;
      return Math.round((0.5 * crowd + tracking + fps * seconds * 0.01 * crowd * (side / 512) ** 2) * 10) / 10;
    },
    queueOf: (engine, estimateSeconds) =>
      estimateSeconds > LONG_SECONDS && queues?.has(longQueue(engine)) ? longQueue(engine) : engine,
    queues: options.engines.flatMap((engine) => [
      engine,
      ...(queues?.has(longQueue(engine)) ? [longQueue(engine)] : []),
    ]),
  };
  return new Map([[animate.name, animate]]);
}

/** The faults that zod found, as the API reports them; `at` is where the checked value lies in the request. */
export function fieldErrors(error: z.ZodError, at: (string | number)[]): FieldError[] {
  return error.issues.map((issue) => ({
    loc: [...at, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))],
    msg: issue.message,
    type: issue.code,
  }));
}
