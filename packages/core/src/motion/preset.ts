/** Presets: Motions that ship as JSON files, one per preset, in `presets/` (its README shows each). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
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
          context.addIssue({ code: "custom", path: [...path, i], message: `between ${limits.min} and ${limits.max}` });
        }
      });
    }
  });
export type Preset = z.infer<typeof presetSchema>;

/** Every preset of a folder by name, sorted. Throws, naming the file, when one is not valid. */
export function loadPresets(dir: string): Map<string, Preset> {
  const presets = new Map<string, Preset>();
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith(".json") || file.endsWith(".schema.json")) continue;
    const parsed = presetSchema.safeParse(JSON.parse(readFileSync(join(dir, file), "utf8")));
    if (!parsed.success) throw new Error(`${join(dir, file)}: ${z.prettifyError(parsed.error)}`);
    if (`${parsed.data.name}.json` !== file) throw new Error(`${join(dir, file)}: the name is not the file's`);
    presets.set(parsed.data.name, parsed.data);
  }
  return presets;
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
