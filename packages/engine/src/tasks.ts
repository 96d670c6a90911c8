/** All that processes of this engine can be asked. A new kind or service is an entry here and its schemas in `core/engine/`. */
import { SERVICES } from "@smileloop/core/engine/services.ts";
import { animateTask } from "@smileloop/core/engine/tasks/animate.ts";
import { convertTask } from "@smileloop/core/engine/tasks/convert.ts";
import { insertTask } from "@smileloop/core/engine/tasks/insert.ts";
import { lipsyncTask } from "@smileloop/core/engine/tasks/lipsync.ts";
import { previewsTask } from "@smileloop/core/engine/tasks/previews.ts";
import { processImageTask, processVideoTask } from "@smileloop/core/engine/tasks/process.ts";
import { speakTask } from "@smileloop/core/engine/tasks/speak.ts";
import { surveyTask } from "@smileloop/core/engine/tasks/survey.ts";
import { talkTask } from "@smileloop/core/engine/tasks/talk.ts";
import type { Trial } from "./face/models.ts";
import { type Offer, part } from "./task.ts";

const trial = (model: Trial) => async () => (await import("./face/models.ts")).tried(model);
/** Models of what looks for faces, and of what draws those that were found. */
const LOOKING = (["detector", "mesh", "iris"] as const).map(trial);
const DRAWING = (["mesh", "iris", "segmenter"] as const).map(trial);

export const OFFER: Offer = {
  runs: {
    animate: part(animateTask.run, async () => (await import("./warp/animate.ts")).animate, { warm: DRAWING }),
    previews: part(previewsTask.run, async () => (await import("./warp/previews.ts")).drawPreviews, {
      warm: DRAWING,
    }),
    speak: part(speakTask.run, async () => (await import("./speak/speak.ts")).speak),
    talk: part(talkTask.run, async () => (await import("./warp/talk.ts")).talk, { warm: DRAWING }),
    lipsync: part(lipsyncTask.run, async () => (await import("./lip/lipsync.ts")).lipsync, { later: true }),
    process_image: part(processImageTask.run, async () => (await import("./faces/process-image.ts")).processImage, {
      later: true,
    }),
    process_video: part(processVideoTask.run, async () => (await import("./faces/process-video.ts")).processVideo, {
      later: true,
    }),
    survey: part(surveyTask.run, async () => (await import("./insert/survey.ts")).surveyFilm, { later: true }),
    insert: part(insertTask.run, async () => (await import("./insert/insert.ts")).insertWords, { later: true }),
    convert: part(convertTask.run, async () => (await import("./convert/convert.ts")).convert, { later: true }),
  },
  checks: {
    animate: part(animateTask.check, async () => (await import("./check/check.ts")).check),
    previews: part(previewsTask.check, async () => (await import("./check/previews.ts")).checkPreview),
    speak: part(speakTask.check, async () => (await import("./speak/check.ts")).checkSpoken),
    talk: part(talkTask.check, async () => (await import("./check/talk.ts")).checkTalk),
    lipsync: part(lipsyncTask.check, async () => (await import("./check/lipsync.ts")).checkLipsync, { later: true }),
    process_image: part(
      processImageTask.check,
      async () => (await import("./check/process-image.ts")).checkProcessedImage,
      { later: true },
    ),
    process_video: part(
      processVideoTask.check,
      async () => (await import("./check/process-video.ts")).checkProcessedVideo,
      { later: true },
    ),
    survey: part(surveyTask.check, async () => (await import("./check/survey.ts")).checkSurvey, { later: true }),
    insert: part(insertTask.check, async () => (await import("./check/insert.ts")).checkInsert, { later: true }),
    convert: part(convertTask.check, async () => (await import("./check/convert.ts")).checkConverted, { later: true }),
  },
  services: {
    cast: part(SERVICES.cast.request, async () => (await import("./services/cast.ts")).cast, { warm: LOOKING }),
    inspect: part(SERVICES.inspect.request, async () => (await import("./services/inspect.ts")).inspect),
    finish: part(SERVICES.finish.request, async () => (await import("./services/finish.ts")).finish),
    extract: part(SERVICES.extract.request, async () => (await import("./services/extract.ts")).extract, {
      later: true,
    }),
    conform: part(SERVICES.conform.request, async () => (await import("./services/conform.ts")).conform, {
      later: true,
    }),
    review: part(SERVICES.review.request, async () => (await import("./services/review.ts")).review, { later: true }),
    print: part(SERVICES.print.request, async () => (await import("./services/print.ts")).print, { later: true }),
    luma: part(SERVICES.luma.request, async () => (await import("./services/luma.ts")).luma, { later: true }),
    preview: part(SERVICES.preview.request, async () => (await import("./services/preview.ts")).preview, {
      later: true,
    }),
    say: part(SERVICES.say.request, async () => (await import("./services/say.ts")).say),
    listen: part(SERVICES.listen.request, async () => (await import("./services/listen.ts")).listen, { later: true }),
    film: part(SERVICES.film.request, async () => (await import("./services/film.ts")).film, { later: true }),
    speaker: part(SERVICES.speaker.request, async () => (await import("./services/speaker.ts")).speaker, {
      later: true,
    }),
    mix: part(SERVICES.mix.request, async () => (await import("./services/mix.ts")).mix, { later: true }),
  },
};
