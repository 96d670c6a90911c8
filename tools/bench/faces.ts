/** What steps on faces take: frames made larger, soft faces made clearer, faces edited. In this process, once it is warm. */
import { processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { faceEditor } from "@smileloop/engine/faces/edit/face-editor.ts";
import type { EditStep } from "@smileloop/engine/faces/edit/movements.ts";
import { faceEnhancer } from "@smileloop/engine/faces/enhance/face-enhancer.ts";
import { frameEnhancer } from "@smileloop/engine/faces/enhance/frame-enhancer.ts";
import type { Prepared, RgbFrame, Scene } from "@smileloop/engine/faces/processor.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import sharp from "sharp";
import { blurred, CONTEXT, clipOf, HOPPER, SOURCES, sceneOf, stillOf } from "../quality/faces/stills.ts";
import { type Figure, median, type Part, RUNS } from "./measure.ts";
import { swapFigures } from "./swap.ts";

export const faces: Part = { name: "faces", figures };

async function figures(): Promise<Figure[]> {
  const before = process.memoryUsage().rss;
  const [square, wide] = [await framesOf(512, 512), await framesOf(1280, 720)];
  const enlarging = await frameEnhancer.prepare(
    { name: "frame_enhancer", blend: 80 },
    clipOf(square, { scale: 200 }),
    SOURCES,
    CONTEXT,
  );
  const found: Figure[] = [...(await taken("512² → 1024², network", enlarging, square, 0.6))];
  found.push(...(await taken("720p → 1440p, network", enlarging, wide, 1.6)));
  // the most that this process has had: other parts that ran before it hide what this one takes
  const peak = process.resourceUsage().maxRSS * 1024 - before;
  found.push({ name: "  memory beyond what was there", unit: "MB", value: Math.max(0, peak) / 1e6, target: 150 });
  const { frame, face } = (await stillOf(HOPPER, { around: 8 }))!;
  const soft = sceneOf(await blurred(frame, 1.6), face);
  const clearing = await faceEnhancer.prepare({ name: "face_enhancer", blend: 80 }, clipOf(soft), SOURCES, CONTEXT);
  const size = `E ${Math.round(face.eyeDistance)}`;
  found.push(...(await taken(`a soft face made clearer, ${size}`, clearing, soft, null)));
  const step = processorStepSchema.parse({ name: "face_editor", mouth_smile: 1, head_yaw: 0.5 }) as EditStep;
  const scene = sceneOf(frame, face);
  const editing = await faceEditor.prepare(step, clipOf(scene), SOURCES, CONTEXT);
  found.push(...(await taken(`a face edited, ${frame.width} × ${frame.height}, ${size}`, editing, scene, null)));
  return [...found, ...(await swapFigures())];
}

async function framesOf(width: number, height: number): Promise<Scene> {
  const picture = await decodePicture(HOPPER);
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const data = await sharp(picture.data, { raw }).resize(width, height, { fit: "fill" }).raw().toBuffer();
  const frame: RgbFrame = { width, height, data: new Uint8Array(data) };
  return { frame, faces: [], index: 0, seconds: 0 };
}

/** Wall time with its goal, and processor time, which a busy machine does not lengthen as much. */
async function taken(name: string, step: Prepared, scene: Scene, target: number | null): Promise<Figure[]> {
  await step.apply(scene);
  const [walls, spent]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    const [started, before] = [performance.now(), process.cpuUsage()];
    await step.apply({ ...scene, index: run + 1 });
    const { user, system } = process.cpuUsage(before);
    walls.push((performance.now() - started) / 1000);
    spent.push((user + system) / 1e6);
  }
  return [
    { name, unit: "s", value: median(walls), target, runs: walls },
    { name: "  processor time of it", unit: "s", value: median(spent), target: null, runs: spent },
  ];
}
