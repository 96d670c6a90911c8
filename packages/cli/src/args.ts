/** What can be typed: commands and their options. Loads only the texts of `--help` besides, so that help is instant. */
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { CLIP_FORMATS, clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import { type CommandName, HELP, OVERVIEW } from "./help.ts";

/** The command line is not right; `message` says how. Ends with exit code 2. */
export class UsageError extends Error {
  readonly command: string | null;

  constructor(message: string, command: string | null = null) {
    super(message);
    this.command = command;
  }
}

const help = { help: { type: "boolean", short: "h" } } as const;
const OPTIONS = {
  animate: {
    ...help,
    preset: { type: "string", short: "p" },
    driving: { type: "string" },
    output: { type: "string", short: "o" },
    force: { type: "boolean", short: "f" },
    size: { type: "string" },
    fps: { type: "string" },
    duration: { type: "string" },
    intensity: { type: "string" },
    face: { type: "string" },
    faces: { type: "string" },
    seed: { type: "string" },
    engine: { type: "string" },
    format: { type: "string" },
    poster: { type: "string" },
    json: { type: "boolean" },
    quiet: { type: "boolean", short: "q" },
  },
  motion: {
    ...help,
    output: { type: "string", short: "o" },
    force: { type: "boolean", short: "f" },
    json: { type: "boolean" },
    quiet: { type: "boolean", short: "q" },
  },
  inspect: { ...help, json: { type: "boolean" } },
  presets: { ...help, json: { type: "boolean" } },
  serve: help,
  key: { ...help, json: { type: "boolean" } },
} as const;

/** `params`: as kind `animate` takes them, not yet checked; what was not given is absent. */
export type AnimateArgs = {
  photo: string;
  driving: string | null;
  output: string | null;
  /** Where the poster goes; null: nowhere. */
  poster: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  params: Record<string, unknown>;
};

export type MotionArgs = { clip: string; output: string | null; force: boolean; json: boolean; quiet: boolean };

export type InspectArgs = { photo: string; json: boolean };

type Command =
  | { name: "help"; text: string }
  | { name: "version" }
  | { name: "animate"; args: AnimateArgs }
  | { name: "motion"; args: MotionArgs }
  | { name: "inspect"; args: InspectArgs }
  | { name: "presets"; json: boolean }
  | { name: "serve" }
  | { name: "key"; owner: string; json: boolean };

/** Throws UsageError. */
export function parseCommand(argv: string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined || first === "-h" || first === "--help") return { name: "help", text: OVERVIEW };
  if (first === "-v" || first === "--version" || first === "version") return { name: "version" };
  if (first === "help") return { name: "help", text: HELP[rest[0] as CommandName] ?? OVERVIEW };
  if (!Object.hasOwn(HELP, first)) {
    const what = first.startsWith("-") ? "option" : "command";
    throw new UsageError(`There is no ${what} "${first}". The commands are: ${Object.keys(HELP).join(", ")}.`);
  }
  const name = first as CommandName;
  const { values, positionals } = parse(name, rest);
  if (values.help) return { name: "help", text: HELP[name] };
  if (name === "animate") return { name, args: animateArgs(values, positionals) };
  if (name === "motion") return { name, args: motionArgs(values, positionals) };
  if (name === "inspect") return { name, args: { photo: photoOf(name, positionals), json: values.json === true } };
  if (name === "key" && positionals.length < 2) {
    return { name, owner: positionals[0] ?? "me", json: values.json === true };
  }
  if (positionals.length > 0) throw new UsageError(`Unexpected argument "${positionals.at(-1)}".`, name);
  return name === "presets" ? { name, json: values.json === true } : { name: "serve" };
}

type Values = Record<string, string | boolean | undefined>;

function parse(name: CommandName, args: string[]): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS[name], allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (error) {
    // parseArgs explains at length how to pass what looks like an option; the first sentence says what is wrong
    throw new UsageError(`${String((error as Error).message).split(/[.\n]/)[0]}.`, name);
  }
}

function animateArgs(values: Values, positionals: string[]): AnimateArgs {
  const photo = photoOf("animate", positionals);
  const driving = typeof values.driving === "string" ? values.driving : null;
  const preset = values.preset ?? (driving === null ? "gentle_smile" : undefined);
  const params: Record<string, unknown> = preset === undefined ? {} : { preset };
  if (values.engine !== undefined) params.engine = values.engine;
  if (values.faces !== undefined) params.faces = values.faces;
  const output = fileName(values.output);
  const format = formatOf(values.format, output);
  if (format !== undefined) params.format = format;
  if (values.size !== undefined) params.size = Number.isNaN(Number(values.size)) ? values.size : Number(values.size);
  for (const name of ["fps", "duration", "intensity", "face", "seed"]) {
    if (values[name] !== undefined) params[name] = number(values, name);
  }
  return {
    photo,
    driving,
    output,
    poster: posterName(values.poster),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
    params,
  };
}

function photoOf(command: CommandName, [photo, extra]: string[]): string {
  if (photo === undefined || photo === "") throw new UsageError("Which photo? Give its file name.", command);
  if (extra !== undefined) throw new UsageError(`One photo at a time: "${extra}" is one too many.`, command);
  return photo;
}

function motionArgs(values: Values, [what, clip, extra]: string[]): MotionArgs {
  if (what !== "extract") {
    throw new UsageError(what ? `"motion ${what}" is not known.` : "What about the motion? Say extract.", "motion");
  }
  if (clip === undefined || clip === "") throw new UsageError("Which clip? Give its file name.", "motion");
  if (extra !== undefined) throw new UsageError(`One clip at a time: "${extra}" is one too many.`, "motion");
  return {
    clip,
    output: motionName(values.output),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}

function fileName(value: Values[string]): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/**
 * The format of the clip, as the ending of its file says or --format. A name that promises another format than the one that is written
 * would mislead the one who opens it.
 */
function formatOf(asked: Values[string], output: string | null): Values[string] {
  const ending = output === null ? "" : extname(output);
  if (ending === "") return asked;
  const format = clipFormatOfPath(output!);
  if (format === null) {
    const endings = CLIP_FORMATS.map(({ extension }) => `.${extension}`).join(", ");
    throw new UsageError(`--output "${output}": the name has to end in one of ${endings}, not ${ending}.`, "animate");
  }
  if (asked !== undefined && asked !== format.name) {
    const conflict = `--format ${asked} and --output "${output}" are two formats`;
    throw new UsageError(`${conflict}. Leave --format out, or give a name that ends in .${asked}.`, "animate");
  }
  return format.name;
}

function posterName(value: Values[string]): string | null {
  const name = fileName(value);
  if (name === null || /^\.jpe?g$/i.test(extname(name))) return name;
  throw new UsageError(`--poster "${name}": the poster is a JPEG. Give a name that ends in .jpg.`, "animate");
}

function motionName(value: Values[string]): string | null {
  const name = fileName(value);
  const ending = name === null ? "" : extname(name);
  if (ending === "" || ending.toLowerCase() === ".json") return name;
  throw new UsageError(
    `--output "${name}": a Motion, which is JSON, is written, not a ${ending} file. Give a name that ends in .json.`,
    "motion",
  );
}

function number(values: Values, name: string): number {
  const text = String(values[name]).trim();
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new UsageError(`--${name} "${text}" is not a number.`, "animate");
  return value;
}
