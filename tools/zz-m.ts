import { readdirSync } from "node:fs";
import { mouthFigures } from "./quality/mouth.ts";

for (const f of readdirSync("/work/shared/portraits").sort())
  if (f.includes(process.argv[2] ?? "")) {
    const r = await mouthFigures("/work/shared/portraits/" + f, { size: 512, fps: 25 }, "/tmp/w/mouth-scratch/m.mp4");
    console.log(
      f.padEnd(30),
      Object.entries(r)
        .map(([k, v]) => k + " " + v.toFixed(3))
        .join("  "),
    );
  }
