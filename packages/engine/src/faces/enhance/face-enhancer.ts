/** Faces that are soft are made clearer by a network that adds what blur and compression have taken, as far as it is known; it invents nothing. */

import type { Box } from "../../media/yuv.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { createHead } from "../../warp/head/head.ts";
import type { Applied, Processor, Scene, SceneFace } from "../processor.ts";
import { netOf } from "./net.ts";
import { restored } from "./restore.ts";
import { CRISP, crispnessOfFace, LARGEST, strengthFor } from "./softness.ts";
import { createRunner } from "./tiles.ts";

/** In face ovals: as far as that a face is made clearer in full, and where that has faded. */
const FULL = 1.05;
const FADED = 1.5;
/** How much of a face's strength is this frame's own, so that a video does not flicker. */
const FRESH = 0.2;
/** What adds less than this, in levels of 255, is not worth the work. */
const LEAST = 0.02;

/** Codes of what is said: `no_effect`, and of faces that are left `face_crisp`. */
export const faceEnhancer: Processor<"face_enhancer"> = {
  name: "face_enhancer",
  quality: "classical",
  unused: {
    model: "the one network that comes with it is used",
    weight: "how much is shown of the clearer face is set by `blend`",
  },
  async prepare({ blend }, _clip, _sources, { signal }) {
    if (blend === 0) {
      const detail =
        "`blend` is 0, so that nothing of the clearer face is shown: faces are as they were. It can be 1 to 100.";
      return {
        warnings: [{ code: "no_effect", detail }],
        apply: async ({ frame }) => ({ frame, changed: null, left: [] }),
      };
    }
    const runner = createRunner(netOf("restoring"));
    const strengths = new Map<number, number>();
    /** How much a face is made clearer, 0–1: steady from frame to frame. */
    const strengthOf = (face: SceneFace, crispness: number): number => {
      const now = strengthFor(crispness);
      const before = strengths.get(face.track) ?? now;
      const strength = before + FRESH * (now - before);
      strengths.set(face.track, strength);
      return strength;
    };
    return {
      warnings: [],
      async apply(scene: Scene): Promise<Applied> {
        const applied: Applied = { frame: scene.frame, changed: null, left: [] };
        const crisp: number[] = [];
        // each is judged as it came, not with what a neighbour's rim has added
        for (const face of scene.faces.filter(({ clear }) => clear)) {
          const crispness = crispnessOfFace(scene.frame, face);
          const wanted = strengthOf(face, crispness) * (blend / 100);
          if (wanted < LEAST) {
            crisp.push(crispness);
            continue;
          }
          const { reach } = createHead(face);
          const box = boxOf(face, scene.frame);
          const share = (x: number, y: number) => wanted * (1 - smooth((reach(x, y) - FULL) / (FADED - FULL)));
          const scale = Math.min(1, LARGEST / face.eyeDistance);
          applied.frame = await restored(applied.frame, runner, { box, scale, share, signal });
          applied.changed = around(applied.changed, box);
        }
        const left = crisp.length === 0 ? [] : [{ code: "face_crisp", detail: crispDetail(crisp) }];
        return { ...applied, left };
      },
    };
  },
};

function crispDetail(crisp: number[]): string {
  const figures = crisp.filter(Number.isFinite).map((value) => value.toFixed(2));
  const which =
    crisp.length === 1 ? "1 face is crisp already and was" : `${crisp.length} faces are crisp already and were`;
  const measured =
    figures.length > 0 ? ` (crispness ${figures.join(", ")}; below ${CRISP} a face is made clearer)` : "";
  return `${which} left unchanged${measured}.`;
}

/** Whole pixels, inside the frame. */
function boxOf({ box }: SceneFace, { width, height }: Scene["frame"]): Box {
  const [across, down] = [((FADED - 1) / 2 + 0.05) * box.width, ((FADED - 1) / 2 + 0.05) * box.height];
  const left = Math.max(0, Math.floor(box.x - across));
  const top = Math.max(0, Math.floor(box.y - down));
  const right = Math.min(width, Math.ceil(box.x + box.width + across));
  const bottom = Math.min(height, Math.ceil(box.y + box.height + down));
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

function around(a: Box | null, b: Box): Box {
  if (a === null) return b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const [right, bottom] = [Math.max(a.x + a.width, b.x + b.width), Math.max(a.y + a.height, b.y + b.height)];
  return { x, y, width: right - x, height: bottom - y };
}
