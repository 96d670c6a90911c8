/** An installation of FaceFusion as far as the engine looks at it, with a stand-in for its Python. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const STAND_IN = fileURLToPath(new URL("facefusion-stand-in.ts", import.meta.url));
/** Files of models, without their endings. */
export const MODELS = [
  ...["fran", "inswapper_128", "real_esrgan_x4", "wav2lip_gan_96", "live_portrait_motion_extractor"],
  ...["live_portrait_generator", "vendor/one_224"],
];

export type Behaviour = {
  version?: string;
  /** Flags that it does not have. */
  lacks?: string[];
  /** That it ends with where its own check refuses what it gets; 1 by default. */
  code?: number;
  /** Whether what it makes differs from what it got; it does by default. */
  paints?: boolean;
  behaves?:
    | "well"
    | "leaves_nothing"
    | "refuses"
    | "sees_no_source"
    | "fails"
    | "crashes"
    | "shouts"
    | "hangs"
    | "is_deaf"
    | "fetches";
};

/** Answers the settings of the engine that is to use it. `models`: those that are there. */
export function standInFacefusion(
  root: string,
  { models = MODELS, ...behaviour }: Behaviour & { models?: string[] } = {},
) {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "facefusion.py"), "");
  writeFileSync(join(root, "stand-in.json"), JSON.stringify(behaviour));
  for (const model of models) {
    const path = join(root, ".assets", "models", model);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${model.includes("/") ? "dfm" : "onnx"}`, "");
    writeFileSync(`${path}.hash`, "");
  }
  const python = join(root, "python");
  writeFileSync(python, `#!/bin/sh\nexec '${process.execPath}' '${STAND_IN}' "$@"\n`);
  chmodSync(python, 0o755);
  return { root, python };
}

type Asked = { cwd: string; env: Record<string, string>; given: Record<string, string[]>; pid: number };

/** What the stand-in was asked, in order. */
export function askedOf(root: string): Asked[] {
  const lines = readFileSync(join(root, "asked.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Asked);
}
