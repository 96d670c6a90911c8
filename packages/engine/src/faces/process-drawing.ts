/** The frames of a video, each after all steps, become the result, with what is heard in it. */
import type { ProcessVideoResult, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import type { Warning } from "@smileloop/core/errors.ts";
import { readFilm } from "../media/film-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { createScaler, withChanges, yuvOf } from "../media/yuv-changes.ts";
import type { TaskContext } from "../task.ts";
import type { Pipeline } from "./pipeline.ts";
import { type Film, sceneOf } from "./process-film.ts";
import { openHeard } from "./process-heard.ts";
import type { RgbFrame, Scene } from "./processor.ts";
import { timesShown } from "./shown.ts";

/** `progress`: how much is drawn, 0–1. */
type Drawing = Pick<TaskContext, "signal"> & { film: Film; pipeline: Pipeline; progress: (share: number) => void };
type Drawn = { frames: number; left: ProcessVideoResult["frames"]["left"]; warnings: Warning[] };

/** Throws what reading, the steps and the writer throw, and `signal.reason`; no file is left then. */
export async function drawVideo(request: ProcessVideoRun, drawing: Drawing): Promise<Drawn> {
  const { inputs, outputs, params, provenance } = request;
  const { film, pipeline, signal, progress } = drawing;
  const { spec, times } = params;
  const { width, height, fps, frames } = spec;
  const { stamps } = film.tracked;
  const shown = timesShown(stamps, { ...spec, times });
  const { warnings, close, ...heard } = await openHeard(inputs, params);
  const scaler = createScaler(spec);
  let [index, written, seen, faceless] = [0, 0, 0, 0];
  try {
    const poster = outputs.poster;
    const writer = await openVideoWriter({
      ...{ path: outputs.video, width, height, fps, times, provenance, poster, part: "face", ...heard },
    });
    try {
      await readFilm(inputs.target[0]!.path, {
        ...{ signal, maxSeconds: (stamps.at(-1) ?? 0) + 1 },
        onFrame: async ({ yuv: read }) => {
          const nth = index++;
          const often = shown[nth] ?? 0;
          if (often === 0) return;
          const yuv = read();
          const scene = sceneOf(yuv, nth, film);
          if (scene.faces.length === 0) faceless++;
          const result = await processed(yuv, scene, pipeline);
          const sized = scaler.scale(result.yuv, result);
          for (let time = 0; time < often; time++) await writer.write(sized);
          seen++;
          written += often;
          progress(written / frames);
        },
      });
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    scaler.free();
    await close();
  }
  const detail = "The face is not seen.";
  const left = pipeline.needsFaces && faceless > 0 ? [{ code: "face_left_alone", detail, frames: faceless }] : [];
  return { frames: seen, left, warnings };
}

/** A frame after all steps, of any size. What has not changed in it keeps its bytes. */
async function processed(yuv: Uint8Array, scene: Scene, pipeline: Pipeline): Promise<{ yuv: Uint8Array } & Size> {
  const was = new Uint8Array(scene.frame.data);
  const { width, height } = scene.frame;
  const { frame, changed } = await pipeline.apply(scene);
  if (frame.width !== width || frame.height !== height) return { ...even(frame), yuv: yuvOf(even(frame)) };
  return { width, height, yuv: changed === null ? yuv : withChanges(yuv, was, frame, changed) };
}

type Size = { width: number; height: number };

/** Without the last row or column where that is one too many for a video. */
function even(frame: RgbFrame): RgbFrame {
  const [width, height] = [frame.width - (frame.width % 2), frame.height - (frame.height % 2)];
  if (width === frame.width) return { width, height, data: frame.data.subarray(0, width * height * 3) };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(frame.data.subarray(y * frame.width * 3, (y * frame.width + width) * 3), y * width * 3);
  }
  return { width, height, data };
}
