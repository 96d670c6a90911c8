/** Where the repository's folders lie beside this code: above `functions/` in a checkout, above the one file in a bundle. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder of this name beside or above this file. Throws where there is none. */
export function folderAbove(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let dir = here; ; dir = dirname(dir)) {
    const path = join(dir, name);
    if (existsSync(path)) return path;
    if (dir === dirname(dir)) throw new Error(`There is no folder ${name} above ${here}.`);
  }
}
