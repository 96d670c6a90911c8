/** Where a result differs from what was given: at the faces, or beside them. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { type ProcessorStep, processorEntry } from "@smileloop/core/faces/processors.ts";
import type { Face } from "../face/types.ts";
import { drawLabel } from "../media/label.ts";
import type { Box } from "../media/yuv.ts";

/** A plane of brightness, 0–255. */
export type Luma = { width: number; height: number; y: Uint8Array };

export type Changes = {
  /** Share of the blocks beside all faces that differ; null where there is nothing beside them. */
  beside: number | null;
  /** The most that a block at a face differs, and one beside all faces, levels: marks are on all of a picture. */
  within: number;
  around: number;
};

/** Pixels of a block on each side. */
const BLOCK = 8;
/** What steps may change around a face: so many times its width and height to each side. Hair and neck go with a head. */
const AROUND = { across: 1, down: 1.2 };
/** Difference of a block that encoding does not leave, levels: H.264 leaves up to 8 at hard edges, scaling up to 10. */
const CHANGED = 14;
/** Share of the blocks beside the faces: of a result that is certainly wrong, and of one that is looked at. */
const BESIDE = { wrong: 0.15, weak: 0.01 };
/** Most that changes by nothing but encoding, and where a picture is nothing but faces by its mark, levels. */
const NOTHING = 2;
const MARK = 6;

/** `faces`: in pixels of both, which are of one size. `label`: whether the second one has a sign, which is not compared. */
export function changesBetween(before: Luma, after: Luma, faces: readonly Pick<Face, "box">[], label = false): Changes {
  const { width, height } = before;
  const sign = label ? drawLabel(before) : null;
  const surroundings = faces.map(({ box }) => grown(box));
  let [blocks, changed, within, around] = [0, 0, 0, 0];
  for (let y = 0; y + BLOCK <= height; y += BLOCK) {
    for (let x = 0; x + BLOCK <= width; x += BLOCK) {
      const block = { x, y, width: BLOCK, height: BLOCK };
      const difference = Math.abs(meanOf(before, x, y) - meanOf(after, x, y));
      if (sign && touches(sign, block)) continue;
      if (surroundings.some((box) => touches(box, block))) {
        within = Math.max(within, difference);
        continue;
      }
      blocks++;
      around = Math.max(around, difference);
      if (difference > CHANGED) changed++;
    }
  }
  return { beside: blocks === 0 ? null : changed / blocks, within, around: blocks === 0 ? MARK : around };
}

/**
 * Throws `check_changed_beside` where steps on faces have certainly changed more than these. `told`: whether the engine says that it has
 * changed something.
 */
export function judgeChanges(
  all: readonly Changes[],
  { steps, told }: { steps: readonly ProcessorStep[]; told: boolean },
): Warning[] {
  const warnings: Warning[] = [];
  const beside = Math.max(0, ...all.map((changes) => changes.beside ?? 0));
  const percent = `${(100 * beside).toFixed(1)} %`;
  if (steps.every(({ name }) => processorEntry(name).whole !== true)) {
    if (beside > BESIDE.wrong) {
      throw new AppError(
        "check_changed_beside",
        `Far from all faces ${percent} of the result differ from what was given.`,
      );
    }
    if (beside > BESIDE.weak) {
      const detail = `Far from all faces ${percent} of the result differ from what was given.`;
      warnings.push({ code: "changed_beside", detail });
    }
  }
  const most = Math.max(0, ...all.map(({ within }) => within));
  const isNothing = all.every(({ within, around }) => within < NOTHING + Math.min(around, CHANGED));
  if (told && all.length > 0 && isNothing && beside <= BESIDE.weak) {
    warnings.push({
      code: "hardly_changed",
      detail: `The faces have changed by ${most.toFixed(1)} levels of 255 at most, as much as what is beside them.`,
    });
  }
  return warnings;
}

function grown({ x, y, width, height }: Box): Box {
  const [across, down] = [width * AROUND.across, height * AROUND.down];
  return { x: x - across, y: y - down, width: width + 2 * across, height: height + 2 * down };
}

function touches(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function meanOf({ width, y }: Luma, left: number, top: number): number {
  let sum = 0;
  for (let row = top; row < top + BLOCK; row++) {
    for (let at = row * width + left, end = at + BLOCK; at < end; at++) sum += y[at]!;
  }
  return sum / BLOCK ** 2;
}
