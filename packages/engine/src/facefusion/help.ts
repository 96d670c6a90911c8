/** What an installation's command line takes, read from its `--help`: flags come, go and change their choices from version to version. Pure. */

/** A list of values, or numbers from `least` to `most` in steps; anything where it has neither. */
export type Flag = { choices?: readonly string[]; range?: { least: number; most: number; step: number } };
export type Flags = ReadonlyMap<string, Flag>;

/** As argparse prints them: `--name {a,b}`, `--name [0.0..1.0:0.05]`, or `--name NAME [NAME ...]  a sentence (choices: a, b)`. */
const LINE = /^ {2}(?:-\w [^-]*?)?(--[a-z][a-z0-9-]*)(.*)$/;
const LIST = /^ \{([^}]*)\}/;
const RANGE = /^ \[(-?[\d.]+)\.\.(-?[\d.]+):([\d.]+)\]/;
const SENTENCE = /\(choices: ([^)]*)\)/;

export function flagsOf(help: string): Flags {
  const flags = new Map<string, Flag>();
  for (const line of unwrapped(help)) {
    const [, name, rest = ""] = LINE.exec(line) ?? [];
    if (name !== undefined) flags.set(name, flagOf(rest));
  }
  return flags;
}

function flagOf(rest: string): Flag {
  const [, least, most, step] = (RANGE.exec(rest) ?? []).map(Number);
  if (step !== undefined) return { range: { least: least!, most: most!, step } };
  const list = LIST.exec(rest)?.[1] ?? SENTENCE.exec(rest)?.[1];
  if (list === undefined) return {};
  const choices = list.split(",").map((choice) => choice.trim());
  return { choices: choices.filter((choice) => choice !== "" && choice !== "...") };
}

/** One line for each flag: sentences that are too long go on in lines that are further in. */
function unwrapped(help: string): string[] {
  const lines: string[] = [];
  for (const line of help.split(/\r?\n/)) {
    const goesOn = /^ {4,}\S/.test(line) && lines.length > 0;
    if (goesOn) lines.push(`${lines.pop()} ${line.trim()}`);
    else lines.push(line);
  }
  return lines;
}

/** The value nearest to a number that a flag takes, with no more digits than its steps have. `step`: where the flag does not say. */
export function snapped(value: number, { range }: Flag = {}, step = 0.05): string {
  const { least, most, step: by } = range ?? { least: -Infinity, most: Infinity, step };
  const from = Number.isFinite(least) ? least : 0;
  const near = from + Math.round((value - from) / by) * by;
  return String(Number(Math.min(most, Math.max(least, near)).toFixed(2)));
}
