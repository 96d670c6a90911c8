/** What `POST /jobs` is asked: the texts of a form, checked at once, and what they mean as params of the kind. */
import { consentSchema } from "@smileloop/core/consent.ts";
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, type FieldError } from "@smileloop/core/errors.ts";
import { insertionParams, MAX_WORDS_CHARS } from "@smileloop/core/kinds/insertion.ts";
import { TIER_NAMES, TIERS, tierOf } from "@smileloop/core/kinds/tiers.ts";
import { shown } from "@smileloop/core/text.ts";
import { z } from "zod";
import { flagOf, labelField, labelParams } from "../label.ts";

const PROVIDERS = ["gtts", "elevenlabs", "command", "none"] as const;
const LIP_SYNC_PROVIDERS = ["none", "wav2lip", "sync_api"] as const;
const MAX_TEXT_BYTES = 64 * 1024;

/** Numbers and flags as forms write them; other texts stay, so that their schema says what is wrong with them. */
const numeric = (value: unknown) =>
  typeof value === "string" && /^\s*[-+]?(\d{1,9}\.?\d{0,9}|\.\d{1,9})\s*$/.test(value) ? Number(value) : value;
const number = <T extends z.ZodType>(schema: T) => z.preprocess(numeric, schema);
const flag = <T extends z.ZodType>(schema: T) => z.preprocess(flagOf, schema);

const { name_position, language, silence_db, silence_seconds, gap_seconds, natural, base_text } = insertionParams();
const path = z.string().max(1000);

export const jobSchema = z.strictObject({
  insert_mode: z.enum(TIER_NAMES).default(TIER_NAMES[0]),
  name_position,
  text: z.string().min(1).max(MAX_WORDS_CHARS).default("{name}"),
  lang: language.default("hi"),
  tts_provider: z.enum(PROVIDERS).default("gtts"),
  tts_cmd: path.optional(),
  elevenlabs_api_key: z.string().max(500).optional(),
  elevenlabs_voice_id: z.string().max(100).optional(),
  elevenlabs_model_id: z.string().max(100).optional(),
  elevenlabs_speed: number(z.number().min(0.7).max(1.2)).default(1),
  lip_sync_provider: z.enum(LIP_SYNC_PROVIDERS).default("none"),
  wav2lip_repo: path.optional(),
  wav2lip_checkpoint: path.optional(),
  wav2lip_pads: z
    .string()
    .regex(/^\s*\d{1,4}(\s+\d{1,4}){3}\s*$/, { error: "must be four whole numbers, such as 0 10 0 0" })
    .default("0 10 0 0"),
  wav2lip_python: path.optional(),
  batch_name_tts: flag(z.boolean()).default(true),
  batch_split_silence_db: number(z.number()).default(-40),
  batch_split_silence_dur: number(z.number().min(0)).default(0.18),
  batch_gap_hint: z.string().max(100).default("ठहराव"),
  diamond_natural_name: flag(natural),
  diamond_gap_seconds: number(gap_seconds),
  platinum_placeholders: z.string().max(1000).default("NAME1,NAME2"),
  silence_db: number(silence_db),
  silence_dur: number(silence_seconds),
  convert_mov: flag(z.boolean()).default(false),
  base_text,
  consent: consentSchema.shape.subject.optional(),
  label: labelField,
});
export type Asked = z.infer<typeof jobSchema>;

/** Fields that would have a program run that the client names. None is run, whatever the operator lets through. */
const PROGRAMS = ["tts_cmd", "wav2lip_python", "wav2lip_repo"] as const;

/** The text parts of the form. */
export const TEXT_PARTS = Object.fromEntries(
  Object.keys(jobSchema.shape).map((name) => [name, { maxBytes: MAX_TEXT_BYTES }]),
);

type Sent = {
  fields: ReadonlyMap<string, string>;
  /** Names of the files that were sent. */
  files: readonly string[];
  /** What is wrong with parts of the form. */
  faults: readonly FieldError[];
};

/**
 * `allowed`: programs that the operator lets clients name. Throws `invalid_request` with every fault, and `malformed` in the original's
 * words for what only some providers and tiers need.
 */
export function readAsked({ fields, files, faults }: Sent, allowed: readonly string[]): Asked {
  const sent = filled(fields);
  const parsed = jobSchema.safeParse(sent);
  const missing = ["base_video", "recipients"].filter((name) => !files.includes(name));
  const all = [
    ...missing.map((name) => ({ loc: ["body", name], msg: "Field required", type: "missing" })),
    ...faults,
    ...programFaults(sent, allowed),
    ...(parsed.error ? fieldErrors(parsed.error, ["body"]) : lipSyncFaults(parsed.data)),
  ];
  if (!parsed.data || all.length > 0) throw notValid(all);
  const asked = parsed.data;
  if (asked.tts_provider === "elevenlabs" && !files.includes("voice_sample")) {
    throw new AppError("malformed", "voice_sample is required when tts_provider=elevenlabs");
  }
  const placed = tierOf(asked.insert_mode).place === "markers";
  if (placed && (fields.get("platinum_placeholders") === "" || markersOf(asked).length === 0)) {
    throw new AppError("malformed", `platinum_placeholders is required for ${asked.insert_mode} tier`);
  }
  return asked;
}

/** Empty parts are what forms send for what was left open. */
function filled(fields: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...fields].filter(([, text]) => text !== ""));
}

function programFaults(sent: Record<string, string>, allowed: readonly string[]): FieldError[] {
  const named = PROGRAMS.flatMap((name) => (sent[name] === undefined ? [] : [[name, sent[name]] as const]));
  const refused = named.filter(([, value]) => !allowed.includes(value));
  const none = sent.tts_provider === "command" && sent.tts_cmd === undefined;
  return [
    ...refused.map(([name, value]) => ({
      loc: ["body", name],
      msg: `Programs that clients name are not run here: leave ${shown(value)} out, or have the operator of the server add it to VIDX_ALLOW`,
      type: "forbidden",
    })),
    ...(none ? [{ loc: ["body", "tts_cmd"], msg: "Field required when tts_provider=command", type: "missing" }] : []),
  ];
}

function lipSyncFaults({ lip_sync_provider: provider, insert_mode: tier }: Asked): FieldError[] {
  if (provider === "none" || tierOf(tier).lipSync !== "never") return [];
  const able = TIERS.filter(({ lipSync }) => lipSync !== "never").map(({ name }) => name);
  const msg = `Lips do not follow the words with insert_mode=${tier}: use ${able.join(" or ")}, or lip_sync_provider=none`;
  return [{ loc: ["body", "lip_sync_provider"], msg, type: "invalid_value" }];
}

function markersOf({ platinum_placeholders: text }: Asked): string[] {
  return text
    .split(",")
    .map((marker) => marker.trim())
    .filter((marker) => marker !== "");
}

/** The params of the kind, but for its voice. */
export function paramsOf(asked: Asked): Record<string, unknown> {
  const { place, fits } = tierOf(asked.insert_mode);
  return {
    tier: asked.insert_mode,
    ...{ name_position: asked.name_position, text: asked.text, language: asked.lang },
    ...{ silence_db: asked.silence_db, silence_seconds: asked.silence_dur },
    ...(place === "markers" ? { markers: markersOf(asked) } : {}),
    ...(place === "first" && !fits
      ? { natural: asked.diamond_natural_name, gap_seconds: asked.diamond_gap_seconds }
      : {}),
    ...(asked.lip_sync_provider === "none" ? {} : { lip_sync: true }),
    ...(asked.base_text === undefined ? {} : { base_text: asked.base_text }),
    ...labelParams(asked),
    ...(asked.consent === undefined ? {} : { consent: { subject: asked.consent } }),
  };
}

/** Names of the kind's params and inputs as this API calls them. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  ...{ video: "base_video", tier: "insert_mode", language: "lang", voice: "elevenlabs_voice_id" },
  ...{
    voice_key: "elevenlabs_api_key",
    voice_model: "elevenlabs_model_id",
    speed: "elevenlabs_speed",
    lip_sync: "lip_sync_provider",
  },
  ...{ silence_seconds: "silence_dur", markers: "platinum_placeholders", natural: "diamond_natural_name" },
  gap_seconds: "diamond_gap_seconds",
};

/** Faults of a submission, whose `loc` names params and inputs of the kind, as faults of the form. */
export function inTheirWords(errors: readonly FieldError[]): FieldError[] {
  return errors.map(({ loc: [, , name, ...rest], msg, type }) => {
    const own = OWN_NAMES[String(name)] ?? name;
    return { loc: ["body", ...(own === undefined ? [] : [own]), ...rest], msg, type };
  });
}

export function notValid(errors: FieldError[]): AppError {
  return new AppError("invalid_request", "The request is not valid.", { errors });
}
