/** The options of commands whose result is a clip, as params of their kinds; not yet checked. */
import { extname } from "node:path";
import { CLIP_FORMATS, clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import type { CommandName } from "./help.ts";
import { UsageError } from "./usage-error.ts";

export type Values = Record<string, string | string[] | boolean | undefined>;

type ClipArgs = {
  photo: string;
  output: string | null;
  /** Where the poster goes; null: nowhere. */
  poster: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  /** As the kind takes them; what was not given is absent. */
  params: Record<string, unknown>;
};

export type AnimateArgs = ClipArgs & { driving: string | null };

export type TalkArgs = ClipArgs & { sound: string | null };

export type LipsyncArgs = Omit<ClipArgs, "photo"> & { video: string; sound: string | null };

type Params = Record<string, unknown>;

/** Throws UsageError. */
export function animateArgs(values: Values, positionals: string[]): AnimateArgs {
  const photo = photoOf("animate", positionals);
  const driving = typeof values.driving === "string" ? values.driving : null;
  const preset = values.preset ?? (driving === null ? "gentle_smile" : undefined);
  const { params, ...args } = clipArgs("animate", values, ["duration"]);
  return { photo, driving, ...args, params: { ...(preset === undefined ? {} : { preset }), ...params } };
}

/** Throws UsageError. */
export function talkArgs(values: Values, [photo, sound, ...more]: string[]): TalkArgs {
  if (more.length > 0) throw new UsageError(`One photo and one sound: "${more[0]}" is one too many.`, "talk");
  const { params, ...args } = clipArgs("talk", values, ["speed"]);
  Object.assign(params, spokenArgs("talk", values, sound, "photo"));
  if (values.expression !== undefined) params.expression = values.expression;
  return { photo: photoOf("talk", [photo ?? ""]), sound: sound ?? null, ...args, params };
}

/** Throws UsageError. */
export function lipsyncArgs(values: Values, [video, sound, ...more]: string[]): LipsyncArgs {
  if (video === undefined || video === "") throw new UsageError("Which video? Give its file name.", "lipsync");
  if (more.length > 0) throw new UsageError(`One video and one sound: "${more[0]}" is one too many.`, "lipsync");
  const { params, ...args } = clipArgs("lipsync", values, ["speed"]);
  Object.assign(params, spokenArgs("lipsync", values, sound, "video"));
  if (values["sync-mode"] !== undefined) params.sync_mode = values["sync-mode"];
  if (values["original-sound"] !== undefined) params.original_sound = values["original-sound"];
  return { video, sound: sound ?? null, ...args, params };
}

/** What is said, and by which voice. `before`: what the sound comes after. Throws UsageError. */
function spokenArgs(command: CommandName, values: Values, sound: string | undefined, before: string): Params {
  const { text, transcript } = values;
  if (sound !== undefined && text !== undefined) {
    const help = "Leave one of them out, or say with --transcript what is said in the sound.";
    throw new UsageError(`--text says a text, and "${sound}" is a sound. ${help}`, command);
  }
  if (sound === undefined && transcript !== undefined) {
    throw new UsageError("--transcript is what is said in a sound, which is missing. Use --text for a voice.", command);
  }
  if (sound === undefined && text === undefined) {
    throw new UsageError(`What is to be said? Give a sound after the ${before}, or --text.`, command);
  }
  const params: Params = {};
  for (const name of ["voice", "language"]) if (values[name] !== undefined) params[name] = values[name];
  if (Array.isArray(values.pronounce)) params.pronounce = pronounceOf(command, values.pronounce);
  const said = text ?? transcript;
  if (said !== undefined) params.text = said;
  return params;
}

/** `word=respelling` or `word=/IPA/`, each. Throws UsageError. */
export function pronounceOf(command: CommandName, entries: string[]): Record<string, string> {
  const pairs = entries.map((entry): [string, string] => {
    const at = entry.indexOf("=");
    if (at < 1 || at === entry.length - 1) {
      throw new UsageError(`--pronounce "${entry}" is not one of word=respelling or word=/IPA/.`, command);
    }
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

/** `numbers`: options of this command alone that are numbers. */
function clipArgs(command: string, values: Values, numbers: string[]): Omit<ClipArgs, "photo"> {
  const params: Record<string, unknown> = {};
  if (values.engine !== undefined) params.engine = values.engine;
  if (values.faces !== undefined) params.faces = values.faces;
  if (values.label === true) params.label = true;
  const output = fileName(values.output);
  const format = formatOf(command, values.format, output);
  if (format !== undefined) params.format = format;
  if (values.size !== undefined) params.size = Number.isNaN(Number(values.size)) ? values.size : Number(values.size);
  for (const name of ["fps", ...numbers, "intensity", "face", "seed"]) {
    if (values[name] !== undefined) params[name] = number(command, values, name);
  }
  return {
    output,
    poster: posterName(command, values.poster),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
    params,
  };
}

export function photoOf(command: CommandName, [photo, extra]: string[]): string {
  if (photo === undefined || photo === "") throw new UsageError("Which photo? Give its file name.", command);
  if (extra !== undefined) throw new UsageError(`One photo at a time: "${extra}" is one too many.`, command);
  return photo;
}

export function fileName(value: Values[string]): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/**
 * The format of the clip, as the ending of its file says or --format. A name that promises another format than the one that is written
 * would mislead the one who opens it.
 */
function formatOf(command: string, asked: Values[string], output: string | null): Values[string] {
  const ending = output === null ? "" : extname(output);
  if (ending === "") return asked;
  const format = clipFormatOfPath(output!);
  if (format === null) {
    const endings = CLIP_FORMATS.map(({ extension }) => `.${extension}`).join(", ");
    throw new UsageError(`--output "${output}": the name has to end in one of ${endings}, not ${ending}.`, command);
  }
  if (asked !== undefined && asked !== format.name) {
    const conflict = `--format ${asked} and --output "${output}" are two formats`;
    throw new UsageError(`${conflict}. Leave --format out, or give a name that ends in .${asked}.`, command);
  }
  return format.name;
}

export function posterName(command: string, value: Values[string]): string | null {
  const name = fileName(value);
  if (name === null || /^\.jpe?g$/i.test(extname(name))) return name;
  throw new UsageError(`--poster "${name}": the poster is a JPEG. Give a name that ends in .jpg.`, command);
}

export function number(command: string, values: Values, name: string): number {
  const text = String(values[name]).trim();
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new UsageError(`--${name} "${text}" is not a number.`, command);
  return value;
}
