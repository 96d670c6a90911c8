/**
 * Faces before and after the steps of `edit`, `enhance`, `faces` and `swap`, for the documentation: `npm run faces [-- --out docs/images]`. Each
 * picture is a row of what was given and what came of it, from the portraits in `test/fixtures` (public domain).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";

const ROOT = join(import.meta.dirname, "..");
const { values } = parseArgs({ options: { out: { type: "string", default: join(ROOT, "docs/images") } } });
/** Height of a row, and the space between its pictures, pixels. */
const [HEIGHT, GAP] = [320, 6];
const QUALITY = 80;

const dir = mkdtempSync(join(tmpdir(), "smileloop-faces-"));
const fixture = (name: string) => join(ROOT, "test/fixtures", name);
const [astronaut, hopper] = [fixture("astronaut.jpg"), fixture("grace_hopper.jpg")];
const [agnew, chanler] = [fixture("agnew.jpg"), fixture("chanler.jpg")];

/** Runs a command; answers the picture that it wrote. */
function made(name: string, ...args: string[]): string {
  const path = join(dir, name);
  execFileSync(process.execPath, [join(ROOT, "packages/cli/bin/smileloop.mjs"), ...args, "-o", path, "-f", "-q"]);
  return path;
}

/** A part of a picture, by the share of its sides. */
type Part = { left: number; top: number; width: number; height: number };

async function cut(path: string, { left, top, width, height }: Part): Promise<Buffer> {
  const { data, info } = await sharp(path).rotate().toBuffer({ resolveWithObject: true });
  const [across, down] = [info.width, info.height];
  const extract = {
    ...{ left: Math.round(left * across), top: Math.round(top * down) },
    ...{ width: Math.round(width * across), height: Math.round(height * down) },
  };
  return sharp(data).extract(extract).resize({ height: HEIGHT, kernel: "cubic" }).toBuffer();
}

async function writeRow(name: string, pictures: readonly Buffer[]): Promise<void> {
  const widths = await Promise.all(pictures.map(async (picture) => (await sharp(picture).metadata()).width));
  const width = widths.reduce((sum, each) => sum + each + GAP, -GAP);
  const placed = pictures.map((input, n) => ({
    ...{ input, top: 0 },
    left: widths.slice(0, n).reduce((sum, each) => sum + each + GAP, 0),
  }));
  const path = join(values.out, `${name}.webp`);
  await sharp({ create: { width, height: HEIGHT, channels: 3, background: "white" } })
    .composite(placed)
    .webp({ quality: QUALITY })
    .toFile(path);
  console.log(path);
}

const HEAD = {
  astronaut: { left: 0.2, top: 0, width: 0.5, height: 0.5 },
  agnew: { left: 0.08, top: 0.02, width: 0.84, height: 0.98 },
  chanler: { left: 0.13, top: 0.04, width: 0.68, height: 0.72 },
  hopper: { left: 0.15, top: 0.08, width: 0.7, height: 0.62 },
} satisfies Record<string, Part>;

try {
  const smile = made("smile.jpg", "edit", hopper, "--smile", "0.7");
  const turned = made("turned.jpg", "edit", hopper, "--head-yaw", "0.8", "--eyes-open", "0.3");
  await writeRow("edit", await Promise.all([hopper, smile, turned].map((path) => cut(path, HEAD.hopper))));
  const swapped = made("swap.jpg", "swap", chanler, agnew, "--consent", "public_domain");
  const sitters = [cut(agnew, HEAD.agnew), cut(chanler, HEAD.chanler), cut(swapped, HEAD.chanler)];
  await writeRow("swap", await Promise.all(sitters));
  const soft = join(dir, "soft.png");
  await sharp(astronaut).resize({ width: 300 }).blur(1).png().toFile(soft);
  const clearer = made("clearer.png", "enhance", soft);
  const zoom = { left: 0.32, top: 0.08, width: 0.24, height: 0.26 };
  await writeRow("enhance", [await cut(soft, zoom), await cut(clearer, zoom)]);
  await writeRow("faces", [await cut(made("faces.jpg", "faces", astronaut), HEAD.astronaut)]);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
