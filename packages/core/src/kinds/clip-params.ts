/** Params that the kinds whose result is a clip of a portrait have in common. */
import { z } from "zod";
import { got } from "../errors/fields.ts";
import { didYouMean } from "../errors/near.ts";
import { clipFormatOf } from "../media/clip-formats.ts";
import type { Preset } from "../motion/preset.ts";
import { shown } from "../text.ts";
import type { Params } from "./kind.ts";

export const CLIP_SIZES = ["source", 256, 512, 720, 1024] as const;
export type ClipSize = (typeof CLIP_SIZES)[number];

export const sizeParam = z.union(
  [z.literal("source"), z.literal(256), z.literal(512), z.literal(720), z.literal(1024)],
  {
    error: ({ input }) => {
      const quoted = typeof input === "string" && (CLIP_SIZES as readonly unknown[]).includes(Number(input));
      return `must be one of ${CLIP_SIZES.join(", ")}${quoted ? ", the numbers without quotes" : ""}${got(input)}`;
    },
  },
);

export const fpsParam = z.int().min(10).max(60).default(25);
export const intensityParam = z.number().min(0).max(1.5).default(1);
export const faceParam = z.int().min(0).max(99).optional().meta({ default: 0 });
export const facesParam = z
  .literal("all", { error: ({ input }) => `must be 'all'${got(input)}; one of the faces is chosen by \`face\`` })
  .optional();
export const seedParam = z
  .int()
  .min(0)
  .max(0xffffffff)
  .optional()
  .meta({ description: "Which variation of the motion; 0: as it is written. Drawn for each job when absent." });

export const LABEL_HELP = 'Whether every picture has a sign that says "AI". By default only for callers without a key.';
export const labelParam = z.boolean().optional().meta({ description: LABEL_HELP });

export function engineParam(engines: string[]) {
  return z.enum(engines as [string, ...string[]]).optional();
}

/** The name of a preset; what is not one is answered with the names there are. */
export function presetParam(presets: ReadonlyMap<string, Preset>) {
  const names = [...presets.keys()].sort();
  return z.enum(names as [string, ...string[]], {
    error: ({ input }) => {
      const fault =
        typeof input === "string"
          ? `Unknown preset ${shown(input)}.${didYouMean(input, names)}`
          : `A preset is a name, got ${shown(input)}.`;
      return `${fault} Choose from: ${names.join(", ")}`;
    },
  });
}

/** A seed that the client left open is made of the job's id, whose last 32 bits are random. */
export function resolveSeed(params: Params, id: string): Params {
  return { ...params, seed: params.seed ?? Number.parseInt(id.slice(-8), 16) };
}

type Drawn = { size: "source" | number; fps: number; format: string };

/** Seconds of work to draw and encode a clip of `seconds`, with `faces` that move. */
export function drawingSeconds({ size, fps, format }: Drawn, seconds: number, faces: number): number {
  const { maxSide, rateFor, encodeSeconds } = clipFormatOf(format);
  const side = size === "source" ? (maxSide ?? 1280) : size;
  return rateFor(fps) * seconds * (0.01 * faces + encodeSeconds) * (side / 512) ** 2;
}
