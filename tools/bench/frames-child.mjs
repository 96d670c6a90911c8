/** Draws presets with another checkout's code: `frames-child.mjs <checkout> <picture> <size> <every> <preset>…` (frames.ts). */
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [checkout, picture, size, every, ...presets] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(checkout, "packages", path)).href);
const { castPicture } = await load("engine/src/services/cast.ts");
const { openStage } = await load("engine/src/warp/stage.ts");
const { loadPresets, presetMotion } = await load("core/src/motion/preset.ts");
const { sampleMotion } = await load("core/src/motion/motion.ts");
const { motionOfCast } = await load("core/src/motion/phases.ts");

const { cast } = await castPicture(picture, { size: Number(size), face: 0 });
const { play } = await openStage(picture, cast, new AbortController().signal);
const known = loadPresets(join(checkout, "presets"));
for (const name of presets) {
  const preset = known.get(name);
  const motion = sampleMotion(presetMotion(preset), { fps: 25, durationSeconds: preset.duration, intensity: 1 });
  const frameAt = play(motionOfCast(motion, cast.movers, 0), 0);
  for (let frame = 0; frame < motion.frames; frame += Number(every)) {
    const pixels = frameAt(frame);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(pixels.length);
    process.stdout.write(head);
    if (!process.stdout.write(Buffer.from(pixels))) await once(process.stdout, "drain");
  }
}
