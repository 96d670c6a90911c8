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
  /** Files that are given after the target. */
  sources: { min: number; max: number };
  /** Whose faces, where nothing is said. */
  faces: "largest" | "all";
  /** What the result's name ends with. */
  suffix: string;
  /** Whether somebody looks different afterwards, so that this person has to agree. Who types the command answers for that. */
  alters: boolean;
  /** Throws UsageError. */
  steps: (values: Values) => AskedStep[];
};

/** Options of `edit`: what moves, from −1 to 1, by the name of the step's option. */
export const EDITS = {
  smile: "mouth_smile",
  "mouth-open": "lip_open_ratio",
  "mouth-grim": "mouth_grim",
  "mouth-pout": "mouth_pout",
  "mouth-purse": "mouth_purse",
  "mouth-x": "mouth_position_horizontal",
  "mouth-y": "mouth_position_vertical",
  "eyes-open": "eye_open_ratio",
  "gaze-x": "eye_gaze_horizontal",
  "gaze-y": "eye_gaze_vertical",
  brows: "eyebrow_direction",
  "head-pitch": "head_pitch",
  "head-yaw": "head_yaw",
  "head-roll": "head_roll",
} as const;

export const FACE_COMMANDS = {
  faces: {
    ...{ sources: { min: 0, max: 0 }, faces: "all", suffix: "faces", alters: false },
    steps: ({ items }) => [{ name: "face_debugger", ...(Array.isArray(items) ? { items } : {}) }],
  },
  swap: {
    ...{ sources: { min: 1, max: 8 }, faces: "largest", suffix: "swap", alters: true },
    steps: () => [{ name: "face_swapper" }],
  },
  edit: {
    ...{ sources: { min: 0, max: 0 }, faces: "largest", suffix: "edit", alters: true },
    steps: (values) => [{ name: "face_editor", ...editsOf(values) }],
  },
  enhance: {
    ...{ sources: { min: 0, max: 0 }, faces: "all", suffix: "enhanced", alters: false },
    // the whole frame only where it has to be made larger: the face alone is made clearer where nothing else is asked for
    steps: (values) => {
      const blend = values.blend === undefined ? {} : { blend: number("enhance", values, "blend") };
      const larger = values.scale !== undefined && number("enhance", values, "scale") > 100;
      return [{ name: "face_enhancer", ...blend }, ...(larger ? [{ name: "frame_enhancer" as const, ...blend }] : [])];
    },
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

function editsOf(values: Values): Record<string, number> {
  const asked = Object.entries(EDITS).filter(([option]) => values[option] !== undefined);
  if (asked.length === 0) {
    const options = Object.keys(EDITS).map((option) => `--${option}`);
    throw new UsageError(`What is to move, and how far? Give one of ${options.join(", ")}, from -1 to 1.`, "edit");
  }
  return Object.fromEntries(
    asked.map(([option, name]) => {
      const value = number("edit", values, option);
      if (Math.abs(value) > 1) throw new UsageError(`--${option} ${value}: at least -1 and at most 1.`, "edit");
      return [name, value];
    }),
  );
}

/** Throws UsageError. */
export function faceArgs(command: FaceCommandName, values: Values, [target, ...sources]: string[]): FaceArgs {
  const { steps, faces, sources: most, alters }: FaceCommand = FACE_COMMANDS[command];
  if (target === undefined || target === "")
    throw new UsageError("Which picture or video? Give its file name.", command);
  if (sources.length < most.min) throw new UsageError(`Whose face? Give a picture of it after "${target}".`, command);
  if (sources.length > most.max) throw new UsageError(`"${sources[most.max]}" is one file too many.`, command);
  const params: Record<string, unknown> = { processors: steps(values) };
  if (values.engine !== undefined) params.engine = values.engine;
  if (values.label === true) params.label = true;
  if (alters) params.consent = { subject: values.consent ?? "permission" };
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
