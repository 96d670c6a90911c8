/**
 * The service `review`: whether pictures and videos show nudity. Of a video one frame a second is looked at, and the first of every
 * shot. It is a filter with gaps: it misses what is small in the picture or shown for a moment in a long video.
 */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { ReviewRequest, ReviewResult } from "@smileloop/core/engine/review-service.ts";
import { createCutFinder } from "../faces/cuts.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { readFilm } from "../media/film-reader.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { type Classifier, classifier } from "../review/classifier.ts";
import { type RefusedClass, verdictOf, verdictOfFrames } from "../review/verdict.ts";
import { partViews, wholeView } from "../review/views.ts";
import type { TaskContext, Work } from "../task.ts";

/** Longer side of what views are made of, pixels. */
const SIDE = 640;
const EVERY_SECONDS = 1;
/** First frames of shots that are looked at in a second: flicker has one with every frame. */
const MAX_CUTS = 8;

type Context = Pick<TaskContext, "signal" | "progress">;

/** `classify`: the model. Throws what `decodePicture` and `readFilm` throw, and the signal's reason. */
export function reviewer(classify: Classifier): Work<ReviewRequest> {
  return async ({ inputs: { files }, limits }, context): Promise<ReviewResult> => {
    const started = performance.now();
    let refused: ReviewResult["refused"] = null;
    for (const [nth, file] of files.entries()) {
      context.signal.throwIfAborted();
      const found = await verdictOfFile(file, {
        classify,
        maxSeconds: limits?.seconds ?? Number.POSITIVE_INFINITY,
        context,
      });
      if (found) refused = { file: nth, class: found };
      if (found) break;
    }
    return { refused, timings: { review: Math.round(performance.now() - started) } };
  };
}

export const review = reviewer(classifier);

type Asked = { classify: Classifier; maxSeconds: number; context: Context };

async function verdictOfFile({ path, type }: EngineFile, asked: Asked): Promise<RefusedClass | null> {
  if (type.startsWith("video/")) return verdictOfFilm(path, asked);
  return verdictOfPicture(await decodePicture(path, { maxSide: SIDE }), asked.classify);
}

async function verdictOfPicture(
  picture: Pick<Picture, "width" | "height" | "data">,
  classify: Classifier,
): Promise<RefusedClass | null> {
  const parts = () => Promise.all(partViews(picture).map(async (view) => classify(await view)));
  return verdictOf(await classify(await wholeView(picture)), parts);
}

async function verdictOfFilm(path: string, { classify, maxSeconds, context }: Asked): Promise<RefusedClass | null> {
  const { signal, progress } = context;
  const verdicts: (RefusedClass | null)[] = [];
  const isCut = createCutFinder();
  let next = 0;
  let cuts = { second: 0, count: 0 };
  await readFilm(path, {
    ...{ signal, maxSeconds },
    onFrame: async ({ seconds, yuv }, shape, share) => {
      const frame = { yuv: yuv(), ...shape };
      if (Math.floor(seconds) !== cuts.second) cuts = { second: Math.floor(seconds), count: 0 };
      const cut = isCut(frame) && cuts.count++ < MAX_CUTS;
      if (!cut && seconds < next) return;
      if (seconds >= next) next = Math.floor(seconds / EVERY_SECONDS + 1) * EVERY_SECONDS;
      const whole = { x: 0, y: 0, ...shape };
      verdicts.push(await verdictOfPicture(shrunkPicture(frame, whole, SIDE), classify));
      progress("review", share, 1);
    },
  });
  return verdictOfFrames(verdicts);
}
