/** The catalogue as clients see it: presets, and kinds of jobs. */
import { z } from "zod";

export const presetViewSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  duration: z.number().describe("Length of one cycle in seconds."),
  fps: z.number(),
  loop: z.boolean(),
  channels: z.record(z.string(), z.number()).describe("Peak value of each channel."),
  preview_url: z.url().nullable().describe("A small animated preview (WebP)."),
});
export type PresetView = z.infer<typeof presetViewSchema>;

/** Limits that a medium does not have are absent. */
const slotViewSchema = z.object({
  content_types: z.array(z.string()),
  max_bytes: z.int(),
  max_pixels: z.int().optional(),
  max_side: z.int().optional(),
  max_seconds: z.number().optional(),
  required: z.boolean(),
  files: z
    .object({ min: z.int(), max: z.int() })
    .optional()
    .describe("How many files, where the slot takes a list of them."),
});
export type SlotView = z.infer<typeof slotViewSchema>;

export const kindViewSchema = z.object({
  name: z.string(),
  title: z.string(),
  inputs: z.record(z.string(), slotViewSchema),
  params: z.record(z.string(), z.unknown()).describe("JSON Schema."),
  outputs: z.array(z.string()),
  engines: z.array(z.string()).describe("Engines that serve it here, the default first."),
  capabilities: z
    .record(z.string(), z.array(z.string()))
    .describe(
      "By engine: what it offers of what params can ask for. A job goes to the first engine that offers all it needs.",
    ),
});
export type KindView = z.infer<typeof kindViewSchema>;

export const voiceViewSchema = z.object({
  name: z.string(),
  title: z.string(),
  languages: z.array(z.string()).describe("BCP 47 tags, the usual one first; empty: whatever the text is in."),
  gender: z.enum(["female", "male"]).nullable(),
  source: z
    .enum(["built_in", "installed", "operator"])
    .describe("`installed`: of an optional package. `operator`: speaks elsewhere, where the operator has it."),
  sample: z.string().describe("A text to try it with."),
  available: z.boolean().describe("Whether a job could use it here."),
});
export type VoiceView = z.infer<typeof voiceViewSchema>;
