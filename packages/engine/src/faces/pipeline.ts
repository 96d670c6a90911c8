/** Has frames go through steps, in order, and keeps what became of them. */

import type { Outcome } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { type ProcessorStep, processorEntry } from "@smileloop/core/faces/processors.ts";
import type { Box } from "../media/yuv.ts";
import { warnOfOptions } from "./choices.ts";
import { type AnyProcessor, PROCESSORS } from "./index.ts";
import type { Applied, Clip, Prepared, Processor, RgbFrame, Scene, Sources } from "./processor.ts";

export type Pipeline = {
  /** Whether a step works on faces, so that there has to be one. */
  needsFaces: boolean;
  /** Frames come once each, in order. `changed` as in `Applied`, after all steps. */
  apply(scene: Scene): Promise<Pick<Applied, "frame" | "changed">>;
  /** `shown`: how many frames of the result each frame that has come is shown in. */
  outcome(): Omit<Outcome, "frames"> & { left: Outcome["frames"]["left"]; changed: number };
  free(): void;
};

type PipelineOptions = {
  steps: readonly ProcessorStep[];
  /** `sceneAt`: of frames as they came. */
  clip: Clip;
  sources: Sources;
  signal: AbortSignal;
  /** How much of the preparation is done, 0–1. */
  progress?: (share: number) => void;
  /** Of all that there are. */
  processors?: readonly AnyProcessor[];
};

/** Throws what the steps throw, and `engine_not_configured` for one that is not here. */
export async function openPipeline({
  processors = PROCESSORS,
  progress = () => {},
  ...options
}: PipelineOptions): Promise<Pipeline> {
  const { steps } = options;
  const prepared = await prepare({ ...options, processors, progress });
  const left = new Map<string, Warning & { frames: number }>();
  const effects = steps.map(() => 0);
  let changedFrames = 0;
  return {
    needsFaces: steps.some(({ name }) => processorEntry(name).whole !== true),
    async apply(scene) {
      const reasons = new Map<string, Warning>();
      let [now, frame, changed] = [scene, scene.frame, null as Box | null];
      for (const [nth, step] of prepared.entries()) {
        options.signal.throwIfAborted();
        const applied = await step.apply(now);
        if (applied.changed) effects[nth]!++;
        for (const reason of applied.left) if (!reasons.has(reason.code)) reasons.set(reason.code, reason);
        changed = union(carried(changed, now.frame, applied.frame), applied.changed);
        now = nth < prepared.length - 1 ? await after(now, applied) : now;
        frame = applied.frame;
      }
      for (const [code, reason] of reasons) {
        const known = left.get(code);
        left.set(code, known ? { ...known, frames: known.frames + 1 } : { ...reason, frames: 1 });
      }
      if (changed) changedFrames++;
      return { frame, changed };
    },
    outcome: () => ({
      left: [...left.values()],
      changed: changedFrames,
      noEffect: steps.filter((_, nth) => effects[nth] === 0).map(({ name }) => name),
      warnings: [...warnOfOptions(steps, processors), ...prepared.flatMap(({ warnings }) => warnings)],
    }),
    free: () => {
      for (const step of prepared) step.free?.();
    },
  };
}

type Preparing = Required<PipelineOptions>;

/** The first `count` steps, each of which may look at any frame as the ones before it leave it. */
async function prepare(options: Preparing, count = options.steps.length): Promise<Prepared[]> {
  const { steps, clip, sources, signal, processors, progress } = options;
  const prepared: Prepared[] = [];
  try {
    for (const [nth, step] of steps.slice(0, count).entries()) {
      signal.throwIfAborted();
      const processor = processors.find(({ name }) => name === step.name);
      if (!processor) throw new AppError("engine_not_configured", `This engine does not offer ${step.name}.`);
      const preview = previewOf(options, nth);
      try {
        const seen = { ...clip, sceneAt: preview.sceneAt };
        // which step belongs to which processor is known by its name alone
        const context = { signal, progress: (share: number) => progress((nth + share) / count) };
        prepared.push(await (processor as Processor).prepare(step, seen, sources, context));
      } finally {
        preview.free();
      }
    }
    return prepared;
  } catch (error) {
    for (const step of prepared) step.free?.();
    throw error;
  }
}

/**
 * Frames as the first `count` steps leave them. Steps remember what they have seen, so those that will do the work are not asked: others are
 * prepared for this, and anew for a frame that comes before the last.
 */
function previewOf(options: Preparing, count: number): { sceneAt: Clip["sceneAt"]; free(): void } {
  let earlier: Prepared[] | null = null;
  let last = Number.POSITIVE_INFINITY;
  const free = (): void => {
    for (const step of earlier ?? []) step.free?.();
    earlier = null;
  };
  return {
    free,
    async sceneAt(index) {
      if (count > 0 && (index <= last || earlier === null)) {
        free();
        earlier = await prepare({ ...options, progress: () => {} }, count);
      }
      last = index;
      let scene = await options.clip.sceneAt(index);
      for (const step of earlier ?? []) scene = await after(scene, await step.apply(scene));
      return scene;
    },
  };
}

async function after(scene: Scene, { frame, changed, faces = () => scene.faces }: Applied): Promise<Scene> {
  return { ...scene, frame, faces: await faces(), yuv: changed ? undefined : scene.yuv };
}

/** A box in pixels of a frame that has become another size. */
function carried(box: Box | null, from: RgbFrame, to: RgbFrame): Box | null {
  if (!box || (from.width === to.width && from.height === to.height)) return box;
  const [across, down] = [to.width / from.width, to.height / from.height];
  return { x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down };
}

function union(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const [right, bottom] = [Math.max(a.x + a.width, b.x + b.width), Math.max(a.y + a.height, b.y + b.height)];
  return { x, y, width: right - x, height: bottom - y };
}
