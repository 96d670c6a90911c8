/** The presets as their folder has them, for tests that hold what is said of them. */
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { loadPresets } from "@smileloop/core/motion/preset.ts";

export const PRESETS_FOLDER = join(import.meta.dirname, "../../presets");

/** In alphabetical order, by the names of the files. */
export const PRESET_NAMES = globSync("*.json", { cwd: PRESETS_FOLDER })
  .filter((file) => !file.endsWith(".schema.json"))
  .map((file) => basename(file, ".json"))
  .sort();

/** As the server has them, read once for all tests of a process. */
export const PRESETS = loadPresets(PRESETS_FOLDER);
