import { processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { expect, test } from "vitest";
import type { AnyProcessor } from "./index.ts";
import { openPipeline } from "./pipeline.ts";
import type { Applied, Clip, Processor, Scene } from "./processor.ts";

const { signal } = new AbortController();
const sources = { pictures: [], speech: null };
const steps = [{ name: "face_editor" }, { name: "frame_enhancer" }, { name: "face_debugger" }].map((step) =>
  processorStepSchema.parse(step as never),
);
const sceneOf = (index: number): Scene => ({
  ...{ index, seconds: index / 25, faces: [] },
  frame: { width: 4, height: 4, data: new Uint8Array(48).fill(index) },
});
const clip: Clip = {
  ...{ width: 4, height: 4, frames: 6, fps: 25, scale: 100 },
  sceneAt: async (index) => sceneOf(index),
};

/** A step that counts what it has seen, in the first byte, and does what it is told. */
function stepOf(
  name: AnyProcessor["name"],
  apply: (scene: Scene, seen: number) => Partial<Applied>,
  sees: number[] = [],
) {
  const log = { prepared: 0, freed: 0, seen: [] as number[][] };
  const processor: Processor = {
    name,
    async prepare(_step, { sceneAt }) {
      log.prepared++;
      for (const index of sees) log.seen.push([...(await sceneAt(index)).frame.data.subarray(0, 2)]);
      let seen = 0;
      return {
        warnings: [{ code: "quality_limited", detail: name }],
        apply: async (scene) => ({ frame: scene.frame, changed: null, left: [], ...apply(scene, seen++) }),
        free: () => void log.freed++,
      };
    },
  };
  return { log, processor: processor as AnyProcessor };
}

const box = { x: 1, y: 1, width: 2, height: 2 };
const larger = (scene: Scene) => ({ width: 8, height: 8, data: new Uint8Array(192).fill(scene.frame.data[0]!) });

test("steps come one after another; what they change, leave and say is kept", async () => {
  const first = stepOf("face_editor", ({ index }) =>
    index % 2 === 0 ? { changed: box } : { left: [{ code: "face_turned_away", detail: `Frame ${index}.` }] },
  );
  const second = stepOf("frame_enhancer", (scene) => ({ frame: larger(scene) }));
  const third = stepOf("face_debugger", () => ({ left: [{ code: "face_turned_away", detail: "No." }] }));
  const processors = [first, second, third].map(({ processor }) => processor);
  const pipeline = await openPipeline({ steps, clip, sources, signal, processors });
  expect(pipeline.needsFaces).toBe(true);
  // the box has grown with the frame
  expect(await pipeline.apply(sceneOf(0))).toMatchObject({
    frame: { width: 8 },
    changed: { x: 2, y: 2, width: 4, height: 4 },
  });
  expect((await pipeline.apply(sceneOf(1))).changed).toBeNull();
  await pipeline.apply(sceneOf(3));
  const { left, changed, noEffect, warnings } = pipeline.outcome();
  // once in each frame, however many steps say so
  expect(left).toEqual([{ code: "face_turned_away", detail: "No.", frames: 3 }]);
  expect([changed, noEffect, warnings.length]).toEqual([1, ["frame_enhancer", "face_debugger"], 3]);
  pipeline.free();
  expect([first, second, third].map(({ log }) => log.freed)).toEqual([1, 1, 1]);
});

test("a step may look ahead at frames as the ones before it leave them, in any order, and nothing remembers that", async () => {
  const first = stepOf("face_editor", ({ frame }, seen) => {
    frame.data[1] = 100 + seen;
    return { changed: box };
  });
  const second = stepOf("frame_enhancer", () => ({}), [2, 4, 1]);
  const processors = [first.processor, second.processor];
  const pipeline = await openPipeline({ steps: steps.slice(0, 2), clip, sources, signal, processors });
  expect(second.log.seen).toEqual([
    [2, 100],
    [4, 101],
    [1, 100],
  ]);
  const { frame } = await pipeline.apply(sceneOf(0));
  expect(frame.data[1]).toBe(100);
  pipeline.free();
  expect(first.log.freed).toBe(first.log.prepared);
});

test("a step that is not here is named, and those before it are freed", async () => {
  const first = stepOf("face_editor", () => ({}));
  const opened = openPipeline({ steps, clip, sources, signal, processors: [first.processor] });
  await expect(opened).rejects.toThrow("This engine does not offer frame_enhancer.");
  expect(first.log.freed).toBe(first.log.prepared);
});
