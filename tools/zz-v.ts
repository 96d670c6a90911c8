import { readdirSync } from "node:fs";
import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { openStage, verdict } from "./quality/stages.ts";
import { bobby, heldVisemes, speechMotion } from "./quality/visemes.ts";

const presets = loadPresets("/tmp/w/mouth/presets");
for (const size of [256, 512] as const)
  for (const f of readdirSync("/work/shared/portraits").sort())
    if (f.includes(process.argv[2] ?? "")) {
      const stage = await openStage(`/work/shared/portraits/${f}`, size);
      const motions = [...presets.values()].map((p) => ({
        name: p.name,
        motion: sampleMotion(presetMotion(p), { fps: 25, durationSeconds: p.duration, intensity: 1 }),
      }));
      motions.push(
        { name: "bobby", motion: speechMotion(bobby(), 25) },
        { name: "held", motion: speechMotion(heldVisemes(), 25) },
      );
      for (const { name, motion } of motions) {
        await stage.render(motion, "/tmp/w/mouth-scratch/v.mp4");
        const v = await verdict(stage, motion, "/tmp/w/mouth-scratch/v.mp4");
        if (v.code !== "passed" || v.warnings.length)
          console.log(size, f, name, v.code, v.detail, v.warnings.join(" | "));
      }
    }
