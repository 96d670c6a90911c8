/** The options of `personalize`, as params of its kind; not yet checked. */
import { TIERS } from "@smileloop/core/kinds/tiers.ts";
import { fileName, number, pronounceOf, type Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

const COMMAND = "personalize";
const OUTDIR = "output";
/** As VidX has them. */
const PLACEHOLDERS = "NAME1,NAME2";

export type PersonalizeArgs = {
  video: string;
  recipients: string;
  outdir: string;
  /** Says what would be made, and makes nothing. */
  dryRun: boolean;
  /** A name, or the number of a row: the only one who gets a file. */
  preview: string | null;
  /** Makes only what is not there yet. */
  resume: boolean;
  force: boolean;
  json: boolean;
  quiet: boolean;
  /** As the kind takes them; what was not given is absent. */
  params: Record<string, unknown>;
};

/** Params by the options that have another name; `number`: whose text is a number. */
export const PARAMS: Readonly<Record<string, { param: string; number?: true }>> = {
  "insert-mode": { param: "tier" },
  "name-position": { param: "name_position" },
  "name-col": { param: "name_column" },
  "phone-col": { param: "phone_column" },
  "pronunciation-col": { param: "pronunciation_column" },
  text: { param: "text" },
  lang: { param: "language" },
  voice: { param: "voice" },
  speed: { param: "speed", number: true },
  "silence-db": { param: "silence_db", number: true },
  "silence-dur": { param: "silence_seconds", number: true },
  gap: { param: "gap_seconds", number: true },
  face: { param: "face", number: true },
  intensity: { param: "intensity", number: true },
  "base-text": { param: "base_text" },
};

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
export const PERSONALIZE_OPTIONS = {
  ...{ video: text, recipients: text, outdir: text, preview: text, placeholders: text, consent: text },
  ...Object.fromEntries(Object.keys(PARAMS).map((option) => [option, text])),
  pronounce: { type: "string", multiple: true },
  ...{ "lip-sync": flag, label: flag, fit: flag, "dry-run": flag, resume: flag, json: flag },
  force: { type: "boolean", short: "f" },
  quiet: { type: "boolean", short: "q" },
} as const;

/** Throws UsageError. */
export function personalizeArgs(values: Values, [extra]: string[]): PersonalizeArgs {
  if (extra !== undefined) {
    throw new UsageError(`Unexpected argument "${extra}": files are given as --video and --recipients.`, COMMAND);
  }
  const { dryRun, resume } = { dryRun: values["dry-run"] === true, resume: values.resume === true };
  if (resume && values.force === true) {
    throw new UsageError("--resume keeps the files that are there, --force replaces them: give one of them.", COMMAND);
  }
  return {
    video: required(values, "video", "Which video? Give --video and its file name."),
    recipients: required(values, "recipients", "Who are the recipients? Give --recipients and a CSV or XLSX file."),
    outdir: fileName(values.outdir) ?? OUTDIR,
    preview: fileName(values.preview),
    ...{ dryRun, resume },
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
    params: paramsOf(values),
  };
}

function required(values: Values, name: string, message: string): string {
  const value = fileName(values[name]);
  if (value === null) throw new UsageError(message, COMMAND);
  return value;
}

function paramsOf(values: Values): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const [option, { param, number: isNumber }] of Object.entries(PARAMS)) {
    if (values[option] === undefined) continue;
    params[param] = isNumber ? number(COMMAND, values, option) : values[option];
  }
  if (values["lip-sync"] === true) params.lip_sync = true;
  if (values.label === true) params.label = true;
  if (values.fit === true) params.natural = false;
  if (Array.isArray(values.pronounce)) params.pronounce = pronounceOf(COMMAND, values.pronounce);
  if (values.consent !== undefined) params.consent = { subject: values.consent };
  const markers = values.placeholders ?? (placesMarkers(values["insert-mode"]) ? PLACEHOLDERS : undefined);
  if (typeof markers === "string") params.markers = listOf(markers);
  return params;
}

function placesMarkers(tier: Values[string]): boolean {
  return TIERS.find(({ name }) => name === tier)?.place === "markers";
}

function listOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
