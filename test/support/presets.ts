/** The presets as their folder has them, for tests that hold what is said of them. */
import { globSync } from "node:fs";
import { basename, join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../presets");

/** In alphabetical order, by the names of the files. */
export const PRESET_NAMES = globSync("*.json", { cwd: FOLDER })
  .filter((file) => !file.endsWith(".schema.json"))
  .map((file) => basename(file, ".json"))
  .sort();
