/** Several motions on one photo, which is opened once: a finished video each, one after another. */
import type { PreviewsRun, PreviewsRunResult } from "@smileloop/core/engine/tasks/previews.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import type { OutputsContext } from "../task.ts";
import { rounded } from "./animate.ts";
import { ignoredIn, openStage } from "./stage.ts";

type Clip = PreviewsRun["clips"][number];
type VideoWriter = Awaited<ReturnType<typeof openVideoWriter>>;

/**
 * Draws the clips in their order. While the encoder ends one, the next is being drawn. Throws what `openStage` and the writer throw, and
 * `signal.reason`; clips that were told of stay.
 */
export async function drawPreviews(request: PreviewsRun, context: OutputsContext): Promise<PreviewsRunResult> {
  const { signal, progress, output } = context;
  const { clips, params, provenance } = request;
  signal.throwIfAborted();
  const { scene, play, rigMs } = await openStage(request.inputs.image[0]!.path, request.cast, signal);
  const { width, height } = scene.still;
  const started = performance.now();
  const ignored = new Set<string>();
  let rendering = 0;

  const draw = async ({ motion: packed, video: path }: Clip, nth: number): Promise<VideoWriter> => {
    const motion = await unpackFrames(packed);
    for (const name of ignoredIn(motion)) ignored.add(name);
    const frameAt = play(motion, params.seed);
    const writer = await openVideoWriter({ path, width, height, fps: motion.fps, provenance });
    try {
      for (let frame = 0; frame < motion.frames; frame++) {
        signal.throwIfAborted();
        const before = performance.now();
        const pixels = frameAt(frame);
        rendering += performance.now() - before;
        await writer.write(pixels);
        progress("render", nth + (frame + 1) / motion.frames, clips.length);
      }
      return writer;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  };

  let ending: Promise<void> = Promise.resolve();
  try {
    for (const [nth, clip] of clips.entries()) {
      const writer = await draw(clip, nth);
      await ending;
      ending = writer.close().then(() => output(clip.name));
      // thrown where it is waited for
      ending.catch(() => {});
    }
  } finally {
    await ending;
  }
  signal.throwIfAborted();
  return {
    warnings: [],
    ignoredChannels: [...ignored],
    timings: rounded({
      ...scene.timings,
      rig: rigMs,
      render: rendering,
      encode: performance.now() - started - rendering,
    }),
  };
}
