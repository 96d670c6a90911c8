/** `convert`: a video becomes an MP4 that plays everywhere: H.264 and AAC, upright, ready to be streamed. */
import { z } from "zod";
import { engineParam } from "./clip-params.ts";
import { type InputFacts, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";

export const convert: KindEntry = { name: "convert", worker: "engine", define };

const MIB = 1024 * 1024;
const TYPICAL = { seconds: 20, pixels: 1280 * 720 };
/** Seconds of work for a second of video of 720p. */
const WORK = 0.5;
/** By x264, from fast and large to slow and small. */
export const X264_PRESETS = [
  ...["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"],
] as [string, ...string[]];

function define({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A video becomes an MP4 that plays everywhere",
    slots: { video: { ...videoSlot(maxVideoSeconds), maxBytes: 500 * MIB } },
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    outputs: ["video", "poster"],
    estimateSeconds: (_params, inputs) => {
      const seconds = secondsOf(inputs, "video") ?? TYPICAL.seconds;
      return 2 + seconds * WORK * sizeOf(inputs.video?.[0]);
    },
  };
}

function sizeOf(facts: InputFacts | undefined): number {
  const { width, height } = facts ?? {};
  return width && height ? (width * height) / TYPICAL.pixels : 1;
}

function paramsSchema(engines: string[]) {
  return z.strictObject({
    crf: z
      .int()
      .min(0)
      .max(51)
      .default(20)
      .meta({ description: "x264's constant rate factor: less is better and larger." }),
    preset: z.enum(X264_PRESETS).default("medium").meta({ description: "x264's preset." }),
    audio_bitrate: z
      .string()
      .regex(/^([1-9]\d{1,2})k$/, { error: "must be kilobits a second, such as 160k" })
      .refine((rate) => Number.parseInt(rate, 10) >= 32 && Number.parseInt(rate, 10) <= 512, {
        error: "must be from 32k to 512k",
      })
      .default("160k"),
    engine: engineParam(engines),
  });
}
export type ConvertJobParams = z.infer<ReturnType<typeof paramsSchema>>;
