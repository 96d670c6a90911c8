/** How much `npm ci --omit=dev` puts on the disk, by package: what the lock file needs, measured where it is installed. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure, Part } from "./measure.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LARGEST = 10;

type Lock = { packages: Record<string, { dev?: boolean; link?: boolean }> };

export const installed: Part = {
  name: "installed",
  figures: async () => {
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Lock;
    const sizes = new Map<string, number>();
    for (const [path, { dev, link }] of Object.entries(lock.packages)) {
      if (!path.startsWith("node_modules/") || dev || link) continue;
      // a package inside another one counts to that one
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)![1]!;
      if (path === `node_modules/${name}`) sizes.set(name, sizeOf(join(ROOT, path)));
    }
    const all = [...sizes.entries()].filter(([, bytes]) => bytes > 0).sort((a, b) => b[1] - a[1]);
    const total = all.reduce((sum, [, bytes]) => sum + bytes, 0);
    const figure = (name: string, bytes: number): Figure => ({ name, unit: "MB", value: bytes / 1e6, target: null });
    return [
      { ...figure("installed, all production packages", total), note: `${all.length} packages` },
      ...all.slice(0, LARGEST).map(([name, bytes]) => figure(`  ${name}`, bytes)),
    ];
  },
};

function sizeOf(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.isSymbolicLink() ? 0 : stat.blocks * 512;
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0; // an optional package of another platform
  }
}
