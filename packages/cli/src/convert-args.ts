/** What `smileloop convert` is given. */
import { extname } from "node:path";
import { fileName, number, posterName, type Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

export type ConvertArgs = {
  video: string;
  output: string | null;
  poster: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  params: Record<string, unknown>;
};

/** Throws UsageError. */
export function convertArgs(values: Values, [video, extra]: string[]): ConvertArgs {
  if (video === undefined || video === "") throw new UsageError("Which video? Give its file name.", "convert");
  if (extra !== undefined) throw new UsageError(`One video at a time: "${extra}" is one too many.`, "convert");
  const params: Record<string, unknown> = {};
  if (values.crf !== undefined) params.crf = number("convert", values, "crf");
  for (const name of ["preset", "engine"]) if (values[name] !== undefined) params[name] = values[name];
  if (values["audio-bitrate"] !== undefined) params.audio_bitrate = values["audio-bitrate"];
  return {
    ...{ video, params },
    output: mp4Name(values.output),
    poster: posterName("convert", values.poster),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}

function mp4Name(value: Values[string]): string | null {
  const name = fileName(value);
  if (name === null || ["", ".mp4"].includes(extname(name).toLowerCase())) return name;
  throw new UsageError(`--output "${name}": an MP4 is written. Give a name that ends in .mp4.`, "convert");
}
