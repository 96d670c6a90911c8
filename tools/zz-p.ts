import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { openStage } from "@smileloop/engine/warp/animate.ts";

const presets = loadPresets("/tmp/w/mouth-old/presets");
for (const f of ["grace_hopper.jpg", "astronaut.png"]) {
  const path = `/work/shared/portraits/${f}`;
  const { cast } = await castPicture(path, { size: 512, face: 0 });
  const line: string[] = [];
  for (const name of ["gentle_smile", "big_smile", "laugh", "kiss"]) {
    const p = presets.get(name)!;
    const motion = motionOfCast(
      sampleMotion(presetMotion(p), { fps: 25, durationSeconds: p.duration, intensity: 1 }),
      cast.movers,
      0,
    );
    const stage = await openStage(path, { cast, motion, seed: 0, signal: new AbortController().signal });
    let best = 1e9;
    for (let round = 0; round < 5; round++) {
      const before = process.cpuUsage();
      for (let i = 0; i < motion.frames; i++) stage.frame(i);
      const { user } = process.cpuUsage(before);
      best = Math.min(best, user / 1000 / motion.frames);
    }
    line.push(`${name} ${best.toFixed(2)}`);
  }
  console.log(f, line.join("  "));
}
