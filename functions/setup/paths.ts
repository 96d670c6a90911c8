/** Finds the repository's folders from this file: next to `functions/` in a checkout, near the single file in a bundle. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Path of the nearest folder with this name, next to this file or to any folder above it. Throws if there is none. */
export function folderAbove(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let dir = here; ; dir = dirname(dir)) {
    const path = join(dir, name);
    if (existsSync(path)) return path;
    if (dir === dirname(dir)) throw new Error(`There is no folder ${name} above ${here}.`);
  }
}
