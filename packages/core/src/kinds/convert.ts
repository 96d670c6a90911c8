/** `convert`: a video becomes an MP4 that plays everywhere: H.264 and AAC, upright, ready to be streamed. */
import { z } from "zod";
import { engineParam } from "./clip-params.ts";
import { type InputFacts, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";

export const convert: KindEntry = { name: "convert", worker: "engine", define };

const HELP = "Use an MP4, MOV, MKV, WebM or AVI video, such as a phone or a camera records.";
const MIB = 1024 * 1024;
const TYPICAL = { seconds: 20, pixels: 1280 * 720 };
/** Presets of x264, from fast and large to slow and small: seconds of work for a second of video of 720p, on two cores. */
const WORK = {
  ...{ ultrafast: 0.4, superfast: 0.5, veryfast: 0.6, faster: 0.8, fast: 1, medium: 1.2 },
  ...{ slow: 2.4, slower: 4.5, veryslow: 9 },
};
export const X264_PRESETS = Object.keys(WORK) as [keyof typeof WORK, ...(keyof typeof WORK)[]];

function define({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A video becomes an MP4 that plays everywhere",
    slots: { video: { ...videoSlot(maxVideoSeconds), help: HELP, maxBytes: 500 * MIB } },
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    sale: "free",
    making: { action: "transcoded", parent: "video" },
    unmarked: () => "not_synthetic",
    outputs: ["video", "poster"],
    estimateSeconds: ({ preset }, inputs) => {
      const seconds = secondsOf(inputs, "video") ?? TYPICAL.seconds;
      const work = 2 + seconds * WORK[(preset ?? "medium") as keyof typeof WORK] * sizeOf(inputs.video?.[0]);
      return Math.round(work * 10) / 10;
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
