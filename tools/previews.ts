/**
 * The moving pictures of this folder's README, which the API serves too: `npm run previews [-- --preset NAME]
 * [--photo FILE --side PIXELS --out DIR]`. Each preset as it is written, on a photo that may be published, as a small animated WebP. They
 * are made from the engine's frames, not from its video: what stands still is the same in each, and takes no room. That of the
 * API's front page: `-- --preset big_smile --side 288 --out packages/api/assets`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Channel, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, type Preset, presetMotion } from "@smileloop/core/motion/preset.ts";
import type { Face } from "@smileloop/engine/face/face.ts";
import { toRgb } from "@smileloop/engine/media/planes.ts";
import { relaxedOf } from "@smileloop/engine/motion/relaxing.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { createLife } from "@smileloop/engine/warp/life.ts";
import { createPuppet } from "@smileloop/engine/warp/puppet.ts";
import { openScene } from "@smileloop/engine/warp/scene.ts";
import sharp from "sharp";

const FPS = 12.5;
const SIDE = 144;
/** Of the engine's frame, before it is cut and made smaller. */
const RENDERED = 512;
/** Side of the square that is shown, in E (distance of the outer eye corners), and how far its middle lies below the eyes. */
const SHOWN = { side: 2.5, down: 0.38 };
const PRESETS = join(import.meta.dirname, "../presets");
const FIXTURES = join(import.meta.dirname, "../test/fixtures");
/** Whose mouth is closed shows best what a mouth does; whose eyes are clear, what eyes do. */
const CLOSED_LIPS = ["big_smile", "gentle_smile", "kiss", "laugh", "sad_to_smile", "surprise"];

const { values } = parseArgs({
  options: {
    preset: { type: "string" },
    photo: { type: "string" },
    side: { type: "string", default: String(SIDE) },
    out: { type: "string", default: join(PRESETS, "previews") },
  },
});
const side = Number(values.side);
mkdirSync(values.out, { recursive: true });
for (const preset of loadPresets(PRESETS).values()) {
  if (values.preset && preset.name !== values.preset) continue;
  const usual = CLOSED_LIPS.includes(preset.name) ? "grace_hopper.jpg" : "astronaut.jpg";
  const picture = await previewOf(preset, values.photo ?? join(FIXTURES, usual));
  writeFileSync(join(values.out, `${preset.name}.webp`), picture);
  console.log(`${preset.name} ${(picture.length / 1000).toFixed(0)} KB`);
}

async function previewOf(preset: Preset, photo: string): Promise<Buffer> {
  const { cast } = await castPicture(photo, { size: RENDERED, face: 0 });
  const { still, movers, matte } = await openScene(photo, cast, new AbortController().signal);
  const { face } = movers[0]!;
  const motion = sampleMotion(presetMotion(preset), { fps: FPS, durationSeconds: preset.duration, intensity: 1 });
  const puppet = createPuppet(still, [face], matte);
  const sway = createLife(motion, 0);
  const relaxed = relaxedOf(motion.faces[0]!, motion, puppet.smiling[0]!);
  const { width, height } = still;
  const shown = shownOf(face, width, height);
  const pictures: Buffer[] = [];
  for (let frame = 0; frame < motion.frames; frame++) {
    const curves = Object.entries(motion.faces[0]!.channels) as [Channel, number[]][];
    const channels = Object.fromEntries(curves.map(([name, curve]) => [name, curve[frame]!]));
    const rgb = toRgb(puppet.frame([{ channels, sway: sway(frame), relaxed: relaxed[frame]! }]), width, height);
    const picture = sharp(rgb, { raw: { width, height, channels: 3 } })
      .extract(shown)
      .resize(side, side);
    pictures.push(await picture.png({ compressionLevel: 1 }).toBuffer());
  }
  const delay = pictures.map(() => 1000 / FPS);
  return sharp(pictures, { join: { animated: true } })
    .webp({ quality: 74, effort: 6, delay, loop: 0 })
    .toBuffer();
}

function shownOf({ points, eyeDistance }: Face, width: number, height: number) {
  const middle = (axis: 0 | 1) => (points[33 * 3 + axis]! + points[263 * 3 + axis]!) / 2;
  const side = Math.round(Math.min(width, height, SHOWN.side * eyeDistance));
  const from = (centre: number, whole: number) => Math.round(Math.max(0, Math.min(whole - side, centre - side / 2)));
  const top = from(middle(1) + SHOWN.down * eyeDistance, height);
  return { left: from(middle(0), width), top, width: side, height: side };
}
