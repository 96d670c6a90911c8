/** What `smileloop previews` is given. */
import { fileName, number, photoOf, type Values } from "./clip-args.ts";

export type PreviewsArgs = {
  photo: string;
  /** Where the clips go. */
  folder: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  params: Record<string, unknown>;
};

/** Throws UsageError. */
export function previewsArgs(values: Values, positionals: string[]): PreviewsArgs {
  const photo = photoOf("previews", positionals);
  const params: Record<string, unknown> = {};
  if (values.preset !== undefined) params.presets = values.preset;
  if (values.engine !== undefined) params.engine = values.engine;
  if (values.label === true) params.label = true;
  for (const name of ["size", "face", "seed"]) {
    if (values[name] !== undefined) params[name] = number("previews", values, name);
  }
  return {
    ...{ photo, params, folder: fileName(values.output) },
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}
