/** `previews`: a portrait becomes a small clip for each of several presets, so that one can be chosen by how it looks on this very face. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import { got } from "../errors/fields.ts";
import { CLIP_FORMATS } from "../media/clip-formats.ts";
import type { Preset } from "../motion/preset.ts";
import { IMAGE_SLOT } from "./animate.ts";
import {
  drawingSeconds,
  engineParam,
  faceParam,
  labelParam,
  presetParam,
  resolveSeed,
  seedParam,
} from "./clip-params.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";

export const previews: KindEntry = { name: "previews", worker: "engine", define };

/** Frames a second: what `animate` has by default. */
export const PREVIEW_FPS = 25;
/** Side of the square clips, pixels. */
const SIDES = { min: 128, max: 384, usual: 256 };
/** Seconds of work before the first frame. */
const OPENING_SECONDS = 0.5;
/** Seconds of work for each clip beside its frames: it is muxed, checked and stored. */
const CLIP_SECONDS = 0.5;

function define({ presets, engines }: KindContext): KindDefinition {
  return {
    title: "A portrait becomes a small clip for each of several presets",
    slots: { image: IMAGE_SLOT },
    params: previewsParamsSchema(presets, engines) as unknown as KindDefinition["params"],
    resolveParams: resolveSeed,
    sale: "free",
    animates: true,
    labels: true,
    outputs: [...presets.keys()],
    estimateSeconds: (params) => {
      const { presets: names, size } = params as PreviewsJobParams;
      const drawn = { size, fps: PREVIEW_FPS, format: CLIP_FORMATS[0]!.name };
      const seconds = names.reduce((sum, name) => sum + (presets.get(name)?.duration ?? 3), 0);
      const work = OPENING_SECONDS + names.length * CLIP_SECONDS + drawingSeconds(drawn, seconds, 1);
      return Math.round(work * 10) / 10;
    },
  };
}

/** `presets` in the order in which the clips are made, by default that of the catalogue. */
function previewsParamsSchema(presets: ReadonlyMap<string, Preset>, engines: string[]) {
  const names = [...presets.keys()];
  const side = ({ input }: { input?: unknown }) =>
    `must be an even whole number from ${SIDES.min} to ${SIDES.max}${got(input)}`;
  return z.strictObject({
    presets: z
      .array(presetParam(presets), { error: ({ input }) => `must be a list of names of presets${got(input)}` })
      .min(1, { error: "Name at least one preset, or leave `presets` out for all of them" })
      .refine((list) => new Set(list).size === list.length, {
        error: ({ input }) => `Each preset may be named once; ${twice(input as string[])} is named twice`,
      })
      .default(names)
      .meta({ description: "Each becomes an output of this name, in this order." }),
    engine: engineParam(engines),
    size: z
      .int({ error: side })
      .multipleOf(2, { error: side })
      .min(SIDES.min, { error: side })
      .max(SIDES.max, { error: side })
      .default(SIDES.usual)
      .meta({ description: "Side of the clips, pixels." }),
    face: faceParam.transform((face) => face ?? 0),
    seed: seedParam,
    label: labelParam,
    consent: consentParam,
  });
}
export type PreviewsJobParams = z.infer<ReturnType<typeof previewsParamsSchema>>;

function twice(list: string[]): string {
  return list.find((name, nth) => list.indexOf(name) !== nth) ?? "one";
}
