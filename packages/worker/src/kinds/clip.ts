/** What the kinds whose result is a clip of a portrait have in common: who moves, whose time it was, and what to warn of. */
import { join } from "node:path";
import {
  type CastParams,
  type CastRequest,
  type CastResult,
  castResultSchema,
} from "@smileloop/core/engine/services.ts";
import type { Warning } from "@smileloop/core/errors.ts";
import { type ClipFormat, clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";

/** What an engine answers that has rendered a clip. */
export type Rendered = {
  warnings: Warning[];
  ignoredChannels: string[];
  timings: Record<string, number>;
};

/**
 * Who moves and what becomes the frame: decided once, by a process that no engine can influence. It also makes a JPEG of a picture in
 * a format that engines need not read.
 */
export function castOf(
  io: JobIo,
  picture: LocalFile,
  { format, ...asked }: Pick<CastParams, "size" | "face" | "exact"> & { format: string },
): Promise<CastResult> {
  const { maxSide } = clipFormatOf(format);
  const request: Omit<CastRequest, "run"> = {
    type: "cast",
    inputs: { image: [fileOf(picture)] },
    params: { ...asked, ...(maxSide === null ? {} : { maxSide }) },
    outputs: { image: join(io.dir, "picture.jpg") },
  };
  return io.checker.request(request, { ...io.options("detect"), result: castResultSchema });
}

/**
 * Part of what the engine took is finding faces, and part may be encoding: what it says of its own stages, and at most the
 * time that was measured.
 */
export function splitEngineTime(timings: JobIo["timings"], rendered: Rendered): void {
  const { render: tookMs = 0, detect = 0, encode } = timings;
  const said = (...stages: string[]) => {
    const sum = stages.reduce((total, stage) => total + Math.max(0, rendered.timings[stage] ?? 0), 0);
    return Math.round(Math.min(tookMs, sum));
  };
  timings.detect = detect + said("decode", "detect", "matte");
  timings.render = said("rig", "render");
  timings.encode = encode ?? said("encode", "finish");
}

/** What the format makes of what was asked, and of its file. */
export function warningsOfFormat(
  { title, largeBytes, rateFor }: ClipFormat,
  { asked, bytes }: { asked: number; bytes: number },
): Warning[] {
  const warnings: Warning[] = [];
  const fps = rateFor(asked);
  if (fps !== asked) {
    const detail = `The clip has ${toThousandths(fps)} frames a second, not ${asked}: the nearest that ${title} shows evenly.`;
    warnings.push({ code: "fps_adjusted", detail });
  }
  if (largeBytes !== null && bytes > largeBytes) {
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    const smaller = `A smaller \`size\`, a lower \`fps\` or a shorter \`duration\` makes it smaller; MP4 and WebM are far smaller.`;
    warnings.push({
      code: "file_large",
      detail: `The file has ${size}, and many sites take ${title} only up to 10 MB. ${smaller}`,
    });
  }
  return warnings;
}

export function warningsOfEngine({ warnings, ignoredChannels }: Rendered): Warning[] {
  if (ignoredChannels.length === 0) return warnings;
  const detail = `This engine cannot show: ${ignoredChannels.join(", ")}.`;
  return [...warnings, { code: "channels_ignored", detail }];
}
