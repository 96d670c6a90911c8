/** The options of `smileloop speak`, as params of its kind; not yet checked. */
import { extname } from "node:path";
import { SOUND_FORMATS, soundFormatOfPath } from "@smileloop/core/media/sound-formats.ts";
import { fileName, number, pronounceOf, type Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

export type SpeakArgs = {
  /** `-`: the standard input. */
  text: string;
  output: string | null;
  /** Where the times of the words go; null: nowhere. */
  spoken: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  /** As the kind takes them, without the text; what was not given is absent. */
  params: Record<string, unknown>;
};

/** Throws UsageError. */
export function speakArgs(values: Values, [text, ...more]: string[]): SpeakArgs {
  if (text === undefined || text === "")
    throw fault('What is to be said? Give a text: smileloop speak "Good morning!"');
  if (more.length > 0) throw fault(`One text at a time: "${more[0]}" is one too many. Put the text between quotes.`);
  const params: Record<string, unknown> = {};
  for (const name of ["voice", "language"]) if (values[name] !== undefined) params[name] = values[name];
  if (values.speed !== undefined) params.speed = number("speak", values, "speed");
  if (Array.isArray(values.pronounce)) params.pronounce = pronounceOf("speak", values.pronounce);
  const output = fileName(values.output);
  if (output !== null && extname(output) !== "") params.format = formatOf(output);
  return {
    text,
    output,
    spoken: spokenName(fileName(values.spoken)),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
    params,
  };
}

function formatOf(output: string): string {
  const format = soundFormatOfPath(output);
  if (format !== null) return format.name;
  const endings = SOUND_FORMATS.map(({ extension }) => `.${extension}`).join(", ");
  throw fault(`--output "${output}": the name has to end in one of ${endings}, not ${extname(output)}.`);
}

function spokenName(name: string | null): string | null {
  if (name === null || extname(name).toLowerCase() === ".json") return name;
  throw fault(`--spoken "${name}": JSON is written. Give a name that ends in .json.`);
}

function fault(message: string): UsageError {
  return new UsageError(message, "speak");
}
