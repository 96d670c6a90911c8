/** What can be typed: commands, their options, and the texts of `--help`. Loads nothing else, so that help is instant. */
import { extname } from "node:path";
import { parseArgs } from "node:util";

/** The command line is not right; `message` says how. Ends with exit code 2. */
export class UsageError extends Error {
  readonly command: string | null;

  constructor(message: string, command: string | null = null) {
    super(message);
    this.command = command;
  }
}

const OVERVIEW = `Makes a portrait move.

Usage: smileloop <command> [options]

Commands:
  animate <photo>         makes an MP4 of a photo (JPEG or PNG) and a preset or a driving clip
  motion extract <clip>   reads how a face moves in a video, as a file that drives photos
  presets                 lists the presets
  serve                   starts the server (the same as npm start)
  key [owner]             makes a key for the API

Options:
  -h, --help        help, also of a command: smileloop animate --help
  -v, --version     the version

Exit codes: 0 done, 1 failed, 2 the command line is not right, 130 stopped by Ctrl-C.
`;

const ANIMATE = `Makes an MP4 of a photo and a preset or a driving clip. Needs no server and no network.

Usage: smileloop animate <photo> [options]

<photo> is a file, a pipe, or - for the standard input.

Options:
  -p, --preset <name>     the motion, see smileloop presets (gentle_smile)
      --driving <file>    the motion of a face instead: a video (MP4, MOV, WebM), a CSV of Live Link Face,
                          MediaPipe's results or a motion.json; its first 10 s
  -o, --output <file>     where the MP4 goes, a name that ends in .mp4 (<photo>-<preset>.mp4 in this folder)
  -f, --force             overwrites the file if there is one
      --size <size>       256, 512, 720 or 1024: a square around the face; source: the whole photo (source)
      --fps <n>           frames a second, 10 to 60 (25)
      --duration <s>      seconds, 1 to 10 (the preset's, or the driving clip's)
      --intensity <n>     how strongly it moves, 0 to 1.5 (1)
      --face <n>          which face, 0 = the largest (0)
      --faces all         all faces instead of one, each in its own time
      --seed <n>          which variation of the motion, 0 as it is written (drawn, and told)
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also of an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const MOTION = `Reads how a face moves and writes it as a Motion: curves of ARKit channels, for --driving, for
jobs, and for other programs. Needs no server and no network.

Usage: smileloop motion extract <clip> [options]

<clip> is a video of a face (MP4, MOV, WebM; its first 60 s), a CSV of the app Live Link Face, or the results of
MediaPipe's FaceLandmarker as JSON.

Options:
  -o, --output <file>     where the Motion goes (<clip>.motion.json in this folder)
  -f, --force             overwrites the file if there is one
      --json              prints one JSON object on stdout, also of an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const PRESETS = `Lists the presets.

Usage: smileloop presets [options]

Options:
      --json              prints a JSON list
  -h, --help              this help
`;

const SERVE = `Starts the server, until Ctrl-C. It is set up by environment variables; the most important ones:

  PORT        8000
  HOST        localhost (this machine alone)
  DATA_DIR    .smileloop

Usage: smileloop serve

Options:
  -h, --help              this help
`;

const KEY = `Makes a key for the API. It is shown once: the server is told its hash only, in the environment variable API_KEYS.

Usage: smileloop key [owner] [options]

[owner] is whose jobs the key makes and sees (me); several keys may have one owner.

Options:
      --json              prints one JSON object: key, owner, entry
  -h, --help              this help
`;

const HELP = { animate: ANIMATE, motion: MOTION, presets: PRESETS, serve: SERVE, key: KEY };
type CommandName = keyof typeof HELP;

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
  presets: { ...help, json: { type: "boolean" } },
  serve: help,
  key: { ...help, json: { type: "boolean" } },
} as const;

/** `params`: as kind `animate` takes them, not yet checked; what was not given is absent. */
export type AnimateArgs = {
  photo: string;
  driving: string | null;
  output: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  params: Record<string, unknown>;
};

export type MotionArgs = { clip: string; output: string | null; force: boolean; json: boolean; quiet: boolean };

type Command =
  | { name: "help"; text: string }
  | { name: "version" }
  | { name: "animate"; args: AnimateArgs }
  | { name: "motion"; args: MotionArgs }
  | { name: "presets"; json: boolean }
  | { name: "serve" }
  | { name: "key"; owner: string; json: boolean };

/** Throws UsageError. */
export function parseCommand(argv: string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined || first === "-h" || first === "--help") return { name: "help", text: OVERVIEW };
  if (first === "-v" || first === "--version") return { name: "version" };
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
  if (name === "key" && positionals.length < 2) {
    return { name, owner: positionals[0] ?? "me", json: values.json === true };
  }
  if (positionals.length > 0) throw new UsageError(`"${positionals.at(-1)}" is one word too many.`, name);
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
  const [photo, extra] = positionals;
  if (photo === undefined || photo === "") throw new UsageError("Which photo? Give its file name.", "animate");
  if (extra !== undefined) throw new UsageError(`One photo at a time: "${extra}" is one too many.`, "animate");
  const driving = typeof values.driving === "string" ? values.driving : null;
  const preset = values.preset ?? (driving === null ? "gentle_smile" : undefined);
  const params: Record<string, unknown> = preset === undefined ? {} : { preset };
  if (values.engine !== undefined) params.engine = values.engine;
  if (values.faces !== undefined) params.faces = values.faces;
  if (values.size !== undefined) params.size = Number.isNaN(Number(values.size)) ? values.size : Number(values.size);
  for (const name of ["fps", "duration", "intensity", "face", "seed"]) {
    if (values[name] !== undefined) params[name] = number(values, name);
  }
  return {
    photo,
    driving,
    output: outputName(values, "animate", { ending: ".mp4", what: "an MP4" }),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
    params,
  };
}

function motionArgs(values: Values, [what, clip, extra]: string[]): MotionArgs {
  if (what !== "extract") {
    throw new UsageError(what ? `"motion ${what}" is not known.` : "What about the motion? Say extract.", "motion");
  }
  if (clip === undefined || clip === "") throw new UsageError("Which clip? Give its file name.", "motion");
  if (extra !== undefined) throw new UsageError(`One clip at a time: "${extra}" is one too many.`, "motion");
  return {
    clip,
    output: outputName(values, "motion", { ending: ".json", what: "a Motion, which is JSON" }),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}

/** A name that promises another format than the one that is written would mislead whoever opens it. */
function outputName(
  values: Values,
  command: string,
  { ending, what }: { ending: string; what: string },
): string | null {
  const name = values.output;
  if (typeof name !== "string" || name === "") return null;
  const found = extname(name);
  if (found === "" || found.toLowerCase() === ending) return name;
  throw new UsageError(
    `--output "${name}": ${what} is written, not a ${found} file. Give a name that ends in ${ending}.`,
    command,
  );
}

function number(values: Values, name: string): number {
  const text = String(values[name]).trim();
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new UsageError(`--${name} "${text}" is not a number.`, "animate");
  return value;
}
