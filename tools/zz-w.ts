import { makeClip } from "./quality/clip.ts";
import { correlation } from "./quality/curves.ts";
import { bobby, speechMotion } from "./quality/visemes.ts";

const s = bobby();
const m = speechMotion(s, 25);
const ch = m.faces[0]!.channels as Record<string, number[]>;
for (const p of ["bouguereau-child.jpg", "raphael-donna-velata.jpg"]) {
  const clip = await makeClip("/work/shared/portraits/" + p, m, 512, "/tmp/w/mouth-scratch/w.mp4");
  const w = clip.landmarks.map(
    ({ points }) =>
      Math.hypot(points[183]! - points[873]!, points[184]! - points[874]!) /
      Math.hypot(points[99]! - points[789]!, points[100]! - points[790]!),
  );
  const asked = w.map(
    (_, i) =>
      -0.3 * ch.mouthPucker![i]! -
      0.2 * ch.mouthFunnel![i]! +
      0.12 * ch.mouthStretchLeft![i]! +
      0.16 * ch.mouthSmileLeft![i]!,
  );
  console.log(p);
  for (let i = 14; i < 72; i++) {
    const t = i / 25;
    const snd = s.find((x) => t >= x.start && t < x.end)?.sound ?? "-";
    console.log(
      i,
      snd,
      asked[i]!.toFixed(3),
      w[i]!.toFixed(3),
      "jaw",
      ch.jawOpen![i]!.toFixed(2),
      "upU",
      ch.mouthUpperUpLeft![i]!.toFixed(2),
      "roll",
      ch.mouthRollLower![i]!.toFixed(2),
    );
  }
  for (const k of [0, 0.03, 0.06, 0.1, 0.15])
    console.log(k, correlation(asked.map((a, i) => a - k * ch.jawOpen![i]!).slice(15, 70), w.slice(15, 70)));
}
