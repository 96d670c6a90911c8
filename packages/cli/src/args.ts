/** What can be typed: commands and their options. Loads only the texts of `--help` besides, so that help is instant. */
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { didYouMean } from "@smileloop/core/errors/near.ts";
import {
  type AnimateArgs,
  animateArgs,
  fileName,
  type LipsyncArgs,
  lipsyncArgs,
  photoOf,
  type TalkArgs,
  talkArgs,
  type Values,
} from "./clip-args.ts";
import { type ConvertArgs, convertArgs } from "./convert-args.ts";
import { EDITS, FACE_COMMANDS, type FaceArgs, type FaceCommandName, faceArgs } from "./face-args.ts";
import { type CommandName, HELP, OVERVIEW } from "./help.ts";
import { PERSONALIZE_OPTIONS, type PersonalizeArgs, personalizeArgs } from "./personalize-args.ts";
import { type PreviewsArgs, previewsArgs } from "./previews-args.ts";
import { type SpeakArgs, speakArgs } from "./speak-args.ts";
import { AUDIT_OPTIONS, type AuditArgs, auditArgs, ERASE_OPTIONS, type EraseArgs, eraseArgs } from "./trust-args.ts";
import { UsageError } from "./usage-error.ts";
import { WEBHOOK_OPTIONS, type WebhookArgs, webhookArgs } from "./webhook-args.ts";

const help = { help: { type: "boolean", short: "h" } } as const;
const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
/** Where the result goes, and what is printed. */
const RESULT = {
  output: { type: "string", short: "o" },
  force: { type: "boolean", short: "f" },
  json: flag,
  quiet: { type: "boolean", short: "q" },
} as const;
/** Of every clip, and of those that are drawn from a photo. */
const CLIP = { ...RESULT, intensity: text, face: text, engine: text, format: text, poster: text, label: flag } as const;
const DRAWN = { ...CLIP, size: text, fps: text, faces: text, seed: text } as const;
const VOICE = { voice: text, language: text, speed: text, pronounce: { type: "string", multiple: true } } as const;
/** What is said, in a clip. */
const SPOKEN = { ...VOICE, text: { type: "string", short: "t" }, transcript: text } as const;

/** Of commands whose target is a picture or a video. */
const FACES = {
  ...RESULT,
  engine: text,
  face: text,
  faces: text,
  scale: text,
  fps: text,
  poster: text,
  label: flag,
} as const;
const MOVES = Object.fromEntries(Object.keys(EDITS).map((name) => [name, text]));

const OPTIONS = {
  animate: { ...help, ...DRAWN, preset: { type: "string", short: "p" }, driving: text, duration: text },
  previews: {
    ...{ ...help, ...RESULT, size: text, face: text, seed: text, engine: text, label: flag },
    preset: { type: "string", short: "p", multiple: true },
  },
  talk: { ...help, ...DRAWN, ...SPOKEN, expression: text },
  lipsync: { ...help, ...CLIP, ...SPOKEN, faces: text, "sync-mode": text, "original-sound": text },
  personalize: { ...help, ...PERSONALIZE_OPTIONS },
  speak: { ...help, ...RESULT, ...VOICE, spoken: text },
  faces: { ...help, ...FACES, items: { type: "string", multiple: true } },
  swap: { ...help, ...FACES, consent: text },
  edit: { ...help, ...FACES, ...MOVES, consent: text },
  enhance: { ...help, ...FACES, blend: text },
  convert: { ...help, ...RESULT, engine: text, poster: text, crf: text, preset: text, "audio-bitrate": text },
  voices: { ...help, language: { type: "string" }, json: { type: "boolean" } },
  motion: {
    ...help,
    output: { type: "string", short: "o" },
    force: { type: "boolean", short: "f" },
    json: { type: "boolean" },
    quiet: { type: "boolean", short: "q" },
  },
  inspect: { ...help, json: { type: "boolean" } },
  verify: { ...help, json: { type: "boolean" } },
  presets: { ...help, json: { type: "boolean" } },
  serve: help,
  webhooks: { ...help, ...WEBHOOK_OPTIONS },
  audit: { ...help, ...AUDIT_OPTIONS },
  erase: { ...help, ...ERASE_OPTIONS },
  key: { ...help, json: { type: "boolean" } },
  user: { ...help, "password-stdin": { type: "boolean" }, json: { type: "boolean" } },
} as const;

export type MotionArgs = { clip: string; output: string | null; force: boolean; json: boolean; quiet: boolean };

export type InspectArgs = { photo: string; json: boolean };

export type VerifyArgs = { file: string; json: boolean };

/** `stdin`: whether the password comes there, and nobody is asked. */
export type UserArgs = { user: string; stdin: boolean; json: boolean };

type Command =
  | { name: "help"; text: string }
  | { name: "version" }
  | { name: "animate"; args: AnimateArgs }
  | { name: "previews"; args: PreviewsArgs }
  | { name: "talk"; args: TalkArgs }
  | { name: "lipsync"; args: LipsyncArgs }
  | { name: "personalize"; args: PersonalizeArgs }
  | { name: "speak"; args: SpeakArgs }
  | { name: "voices"; language: string | null; json: boolean }
  | { name: "faces"; args: FaceArgs }
  | { name: "convert"; args: ConvertArgs }
  | { name: "motion"; args: MotionArgs }
  | { name: "inspect"; args: InspectArgs }
  | { name: "verify"; args: VerifyArgs }
  | { name: "presets"; json: boolean }
  | { name: "serve" }
  | { name: "webhooks"; args: WebhookArgs }
  | { name: "audit"; args: AuditArgs }
  | { name: "erase"; args: EraseArgs }
  | { name: "key"; owner: string; json: boolean }
  | { name: "user"; args: UserArgs };

/** Throws UsageError. */
export function parseCommand(argv: string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined || first === "-h" || first === "--help") return { name: "help", text: OVERVIEW };
  if (first === "-v" || first === "--version" || first === "version") return { name: "version" };
  if (first === "help") return { name: "help", text: HELP[rest[0] as CommandName] ?? OVERVIEW };
  if (!Object.hasOwn(HELP, first)) {
    const what = first.startsWith("-") ? "option" : "command";
    const names = Object.keys(HELP);
    const near = first.startsWith("-") ? "" : didYouMean(first, names);
    throw new UsageError(`There is no ${what} "${first}".${near} The commands are: ${names.join(", ")}.`);
  }
  const name = first as CommandName;
  const { values, positionals } = parse(name, rest);
  if (values.help) return { name: "help", text: HELP[name] };
  if (name === "animate") return { name, args: animateArgs(values, positionals) };
  if (name === "previews") return { name, args: previewsArgs(values, positionals) };
  if (name === "talk") return { name, args: talkArgs(values, positionals) };
  if (name === "lipsync") return { name, args: lipsyncArgs(values, positionals) };
  if (name === "personalize") return { name, args: personalizeArgs(values, positionals) };
  if (name === "speak") return { name, args: speakArgs(values, positionals) };
  if (Object.hasOwn(FACE_COMMANDS, name)) {
    return { name: "faces", args: faceArgs(name as FaceCommandName, values, positionals) };
  }
  if (name === "convert") return { name, args: convertArgs(values, positionals) };
  if (name === "motion") return { name, args: motionArgs(values, positionals) };
  if (name === "inspect") return { name, args: { photo: photoOf(name, positionals), json: values.json === true } };
  if (name === "verify") return { name, args: verifyArgs(values, positionals) };
  if (name === "key" && positionals.length < 2) {
    return { name, owner: positionals[0] ?? "me", json: values.json === true };
  }
  if (name === "webhooks") return { name, args: webhookArgs(values, positionals) };
  if (name === "audit") return { name, args: auditArgs(values, positionals) };
  if (name === "erase") return { name, args: eraseArgs(values, positionals) };
  if (name === "user") return { name, args: userArgs(values, positionals) };
  if (positionals.length > 0) throw new UsageError(`Unexpected argument "${positionals.at(-1)}".`, name);
  if (name === "voices") return { name, language: fileName(values.language), json: values.json === true };
  return name === "presets" ? { name, json: values.json === true } : { name: "serve" };
}

function parse(name: CommandName, args: string[]): { values: Values; positionals: string[] } {
  try {
    const options = OPTIONS[name];
    const { values, positionals } = parseArgs({ args: withNegatives(args), options, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (error) {
    // parseArgs explains at length how to pass what looks like an option; the first sentence says what is wrong
    const sentence = String((error as Error).message).split(/[.\n]/)[0] ?? "";
    const [, unknown] = /^Unknown option '--([^']+)'/.exec(sentence) ?? [];
    const near = unknown === undefined ? "" : didYouMean(unknown, Object.keys(OPTIONS[name]));
    throw new UsageError(`${sentence}.${near.replaceAll(/(mean |, | or )(?=\S)/g, "$1--")}`, name);
  }
}

/** `--silence-db -30` as `--silence-db=-30`: no option is a number. */
function withNegatives(args: string[]): string[] {
  return args.flatMap((arg, nth) => {
    if (/^-\.?\d/.test(arg) && /^--[a-z]/.test(args[nth - 1] ?? "")) return [];
    const next = args[nth + 1];
    return /^--[a-z-]+$/.test(arg) && next !== undefined && /^-\.?\d/.test(next) ? [`${arg}=${next}`] : [arg];
  });
}

function userArgs(values: Values, [user, extra]: string[]): UserArgs {
  if (user === undefined || user === "") throw new UsageError("Which user? Give a name.", "user");
  if (extra !== undefined) {
    throw new UsageError("One name, and no password: that is asked for, or read with --password-stdin.", "user");
  }
  return { user, stdin: values["password-stdin"] === true, json: values.json === true };
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

function motionName(value: Values[string]): string | null {
  const name = fileName(value);
  const ending = name === null ? "" : extname(name);
  if (ending === "" || ending.toLowerCase() === ".json") return name;
  throw new UsageError(
    `--output "${name}": a Motion, which is JSON, is written, not a ${ending} file. Give a name that ends in .json.`,
    "motion",
  );
}

function verifyArgs(values: Values, [file, ...more]: string[]): VerifyArgs {
  if (file === undefined) throw new UsageError("<file> is missing: a picture, a video or a sound.", "verify");
  if (more.length > 0) throw new UsageError(`Unexpected argument "${more.at(-1)}".`, "verify");
  return { file, json: values.json === true };
}
