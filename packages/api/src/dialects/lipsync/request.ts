/** What clients of this dialect ask for: in the query, in a form, or in JSON. */
import { z } from "zod";
import { labelField } from "../label.ts";

const SYNC_MODES = ["cut_off", "loop", "fade", "bounce", "silence", "remap"] as const;
/** Names of the original and of Sync.so. Engines of ours have no such models and take any of them. */
const MODEL = /^(lipsync|sync|react)-\d[\w.-]{0,40}$/;
const URL_CHARS = 4096;
/** Without its ending: that is the one of the video's type. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/;

/** `api_key`: anything, because it is ignored where no engine takes one. Where one does, it is kept sealed and never logged. */
const common = {
  api_key: z.unknown().optional(),
  model: z.string().regex(MODEL, "must be a model such as lipsync-2").default("lipsync-2"),
  sync_mode: z.enum(SYNC_MODES).default("cut_off"),
};
const url = z.string().min(1).max(URL_CHARS);

export const createSchema = z.object({
  video_url: url,
  audio_url: url,
  ...common,
  output_filename: z
    .string()
    .regex(
      FILE_NAME,
      "must be 1 to 100 letters, digits, dots, dashes, underscores or spaces, and begin with a letter or digit",
    )
    .transform((name) => name.replace(/\.(mp4|mov|webm)$/i, ""))
    .optional(),
  label: labelField,
});
export type Asked = z.infer<typeof createSchema>;
export const fromTtsSchema = createSchema.omit({ audio_url: true }).extend({ tts_audio_url: url });

const numeric = (value: unknown) =>
  typeof value === "string" && /^\s*-?\d{1,9}(\.\d{0,6})?\s*$/.test(value) ? Number(value) : value;

export const waitSchema = z.object({
  timeout: z.preprocess(numeric, z.number().min(0).max(86_400)).default(300),
  // a wait is told of each change, so it asks for nothing meanwhile
  poll_interval: z.preprocess(numeric, z.number().positive().max(3600)).default(10),
});
export const cleanupSchema = z.object({
  hours_old: z.preprocess(numeric, z.number().min(0).max(1_000_000)).default(24),
});
