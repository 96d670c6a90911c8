/**
 * Commands that have the faces of a picture or a video go through steps, and their options. A further one is an entry of `FACE_COMMANDS`, and
 * its help.
 */
import type { ProcessorName } from "@smileloop/core/faces/processors.ts";
import { fileName, number, posterName, type Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

/** A step of which some options may be left out. */
type AskedStep = { name: ProcessorName } & Record<string, unknown>;

type FaceCommand = {
  /** Most files that are given after the target. */
  sources: number;
  /** Whose faces, where nothing is said. */
  faces: "largest" | "all";
  /** What the result's name ends with. */
  suffix: string;
  steps: (values: Values) => AskedStep[];
};

export const FACE_COMMANDS = {
  faces: {
    ...{ sources: 0, faces: "all", suffix: "faces" },
    steps: ({ items }) => [{ name: "face_debugger", ...(Array.isArray(items) ? { items } : {}) }],
  },
} as const satisfies Record<string, FaceCommand>;
export type FaceCommandName = keyof typeof FACE_COMMANDS;

export type FaceArgs = {
  command: FaceCommandName;
  target: string;
  sources: string[];
  output: string | null;
  poster: string | null;
  force: boolean;
  json: boolean;
  quiet: boolean;
  params: Record<string, unknown>;
};

/** Throws UsageError. */
export function faceArgs(command: FaceCommandName, values: Values, [target, ...sources]: string[]): FaceArgs {
  const { steps, faces, sources: most }: FaceCommand = FACE_COMMANDS[command];
  if (target === undefined || target === "")
    throw new UsageError("Which picture or video? Give its file name.", command);
  if (sources.length > most) throw new UsageError(`"${sources[most]}" is one file too many.`, command);
  const params: Record<string, unknown> = { processors: steps(values) };
  if (values.engine !== undefined) params.engine = values.engine;
  for (const name of ["scale", "fps", "face"]) {
    if (values[name] !== undefined) params[name] = number(command, values, name);
  }
  if (values.faces !== undefined || params.face === undefined) params.faces = values.faces ?? faces;
  return {
    ...{ command, target, sources, params },
    output: fileName(values.output),
    poster: posterName(command, values.poster),
    force: values.force === true,
    json: values.json === true,
    quiet: values.quiet === true,
  };
}
