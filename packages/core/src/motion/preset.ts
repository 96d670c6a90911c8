/** Presets: Motions that ship as JSON files, one per preset, in `presets/` (its README shows each). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fieldErrors } from "../errors/fields.ts";
import { AppError } from "../errors.ts";
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

/**
 * Every preset of a folder by name, sorted; `own`: a further folder, of an operator. Throws `internal` with the file's name, and
 * the line or the fields that are wrong.
 *
 * Two presets never share a name: what a name means would depend on the machine that does the job.
 */
export function loadPresets(dir: string, own?: string): Map<string, Preset> {
  const presets = readFolder(dir);
  for (const [name, preset] of own === undefined ? [] : readFolder(own)) {
    if (presets.has(name)) {
      const why = `name: '${name}' is a built-in preset; choose another name, for the file, too`;
      throw presetFault(join(own!, `${name}.json`), why);
    }
    presets.set(name, preset);
  }
  return new Map([...presets].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readFolder(dir: string): Map<string, Preset> {
  const presets = new Map<string, Preset>();
  for (const file of filesIn(dir)) {
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

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    throw new AppError(
      "internal",
      `The folder of presets ${dir} cannot be read (${(error as NodeJS.ErrnoException).code}). Set PRESETS_DIR to a folder that can be read.`,
    );
  }
}

function readPreset(path: string): Preset {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw presetFault(path, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw presetFault(path, `it is not valid JSON: ${syntaxFault(text, (error as SyntaxError).message)}`);
  }
  const { data, error } = presetSchema.safeParse(content);
  if (data) return data;
  const faults = fieldErrors(error, []).map(({ loc, msg }) => (loc.length === 0 ? msg : `${loc.join(".")}: ${msg}`));
  const more = faults.length > MAX_FAULTS ? `; and ${faults.length - MAX_FAULTS} more` : "";
  throw presetFault(path, faults.slice(0, MAX_FAULTS).join("; ") + more);
}

/** What V8 says, with line and column, which it leaves out for an unexpected token. */
function syntaxFault(text: string, message: string): string {
  const unexpected = /^Unexpected token '.+?'(?=, )/s.exec(message)?.[0];
  if (unexpected === undefined) return message.replace(/ at position \d+ \((line \d+ column \d+)\)/, ", $1");
  // the first of all beginnings of the text that has the fault ends with it
  let [without, withIt] = [0, text.length];
  while (withIt - without > 1) {
    const middle = (without + withIt) >> 1;
    if (hasUnexpected(text.slice(0, middle))) withIt = middle;
    else without = middle;
  }
  const lines = text.slice(0, withIt).split("\n");
  return `${unexpected}, line ${lines.length} column ${lines.at(-1)!.length}`;
}

function hasUnexpected(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as SyntaxError).message.startsWith("Unexpected token");
  }
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
