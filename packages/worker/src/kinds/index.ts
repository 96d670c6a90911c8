/** The handlers of the kinds in `core/kinds/index.ts`, by name. */

import { MAX_VIDEO_SECONDS } from "@smileloop/core/media/limits.ts";
import { animateHandler } from "./animate.ts";
import { convertHandler } from "./convert.ts";
import type { HandlerContext, HandlerMaker, Handlers } from "./handler.ts";
import { insertHandler } from "./insert.ts";
import { lipsyncHandler } from "./lipsync.ts";
import { personalizeHandler } from "./personalize.ts";
import { previewsHandler } from "./previews.ts";
import { processImageHandler, processVideoHandler } from "./process.ts";
import { speakHandler } from "./speak.ts";
import { surveyHandler } from "./survey.ts";
import { talkHandler } from "./talk.ts";

export const HANDLERS: Readonly<Record<string, HandlerMaker>> = {
  animate: animateHandler,
  insert: insertHandler,
  convert: convertHandler,
  lipsync: lipsyncHandler,
  personalize: personalizeHandler,
  previews: previewsHandler,
  process_image: processImageHandler,
  process_video: processVideoHandler,
  speak: speakHandler,
  survey: surveyHandler,
  talk: talkHandler,
};

type Installed = Pick<HandlerContext, "presets"> & Partial<HandlerContext>;

export function createHandlers(installed: Installed, makers = HANDLERS): Handlers {
  const { presets, maxVideoSeconds = MAX_VIDEO_SECONDS, readRecipients } = installed;
  const context = { presets, maxVideoSeconds, readRecipients };
  return Object.fromEntries(Object.entries(makers).map(([kind, make]) => [kind, make(context)]));
}
