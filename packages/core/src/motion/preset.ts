/** Presets: Motions that ship as JSON files, one per preset, in `presets/` (its README shows each). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { channelLimits, channelSchema, keySchema, type Motion, trackAt } from "./motion.ts";

export const presetSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
    title: z.string().min(1).max(60),
    description: z.string().min(1).max(300),
    /** Seconds of one cycle. */
    duration: z.number().min(1).max(10),
    /** Rate at which its previews are made. */
    fps: z.number().min(10).max(60),
    loop: z.boolean(),
    channels: z.partialRecord(channelSchema, z.array(keySchema).min(2)),
  })
  .superRefine((preset, context) => {
    for (const [name, keys] of Object.entries(preset.channels)) {
      const path = ["channels", name];
      const limits = channelLimits(name as keyof typeof preset.channels);
      if (keys[0]!.t !== 0 || keys[0]!.v !== 0) {
        context.addIssue({ code: "custom", path, message: "frame 0 is neutral: the first key is t 0, v 0" });
      }
      if (preset.loop && keys.at(-1)!.v !== 0) {
        context.addIssue({ code: "custom", path, message: "a loop ends where it began: the last key has v 0" });
      }
      keys.forEach((key, i) => {
        if (key.t > preset.duration || (i > 0 && key.t <= keys[i - 1]!.t)) {
          context.addIssue({
            code: "custom",
            path: [...path, i],
            message: "keys are in order of time, within the duration",
          });
        }
        if (key.v < limits.min || key.v > limits.max) {
          context.addIssue({
            code: "custom",
            path: [...path, i],
            message: `between ${limits.min} and ${limits.max}, got ${key.v}`,
          });
        }
      });
    }
  });
export type Preset = z.infer<typeof presetSchema>;

/** Faults of a file that are told at once. */
const MAX_FAULTS = 3;

/** Every preset of a folder by name, sorted. Throws `internal` with the file's name, and the line or the fields that are wrong. */
export function loadPresets(dir: string): Map<string, Preset> {
  const presets = new Map<string, Preset>();
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith(".json") || file.endsWith(".schema.json")) continue;
    const preset = readPreset(join(dir, file));
    if (`${preset.name}.json` !== file) {
      throw presetFault(
        join(dir, file),
        `name: must be that of the file, '${file.slice(0, -5)}', got '${preset.name}'`,
      );
    }
    presets.set(preset.name, preset);
  }
  return presets;
}

function readPreset(path: string): Preset {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof SyntaxError))
      throw presetFault(path, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
    // V8 tells the place in two ways
    throw presetFault(
      path,
      `it is not valid JSON: ${error.message.replace(/ at position \d+ \((line \d+ column \d+)\)/, ", $1")}`,
    );
  }
  const { data, error } = presetSchema.safeParse(content);
  if (data) return data;
  const faults = fieldErrors(error, []).map(({ loc, msg }) => (loc.length === 0 ? msg : `${loc.join(".")}: ${msg}`));
  const more = faults.length > MAX_FAULTS ? `; and ${faults.length - MAX_FAULTS} more` : "";
  throw presetFault(path, faults.slice(0, MAX_FAULTS).join("; ") + more);
}

function presetFault(path: string, why: string): AppError {
  return new AppError("internal", `Preset ${path} is invalid: ${why}.`);
}

export function presetMotion(preset: Preset): Motion {
  const channels: Motion["faces"][number]["channels"] = {};
  for (const [name, keys] of Object.entries(preset.channels)) channels[channelSchema.parse(name)] = { keys };
  return { duration: preset.duration, loop: preset.loop, faces: [{ channels }] };
}

/** The strongest value of each channel of a preset, for lists of presets. */
export function presetPeaks(preset: Preset): Record<string, number> {
  return Object.fromEntries(
    Object.entries(preset.channels).map(([name, keys]) => {
      const track = { keys };
      const values = keys.map((key) => trackAt(track, key.t));
      return [name, values.reduce((peak, value) => (Math.abs(value) > Math.abs(peak) ? value : peak), 0)];
    }),
  );
}
