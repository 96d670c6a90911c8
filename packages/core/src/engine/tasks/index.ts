/** The schemas of what engines are asked, by kind: for the host, which checks requests by them, and for the JSON Schema of other languages. */
import type { z } from "zod";
import { animateTask } from "./animate.ts";
import { convertTask } from "./convert.ts";
import { insertTask } from "./insert.ts";
import { lipsyncTask } from "./lipsync.ts";
import { previewsTask } from "./previews.ts";
import { processImageTask, processVideoTask } from "./process.ts";
import { speakTask } from "./speak.ts";
import { surveyTask } from "./survey.ts";
import { talkTask } from "./talk.ts";

type TaskSchemas = { run: z.ZodType; result: z.ZodType; check: z.ZodType; checkResult: z.ZodType };

export const TASKS: Readonly<Record<string, TaskSchemas>> = {
  animate: animateTask,
  previews: previewsTask,
  speak: speakTask,
  talk: talkTask,
  lipsync: lipsyncTask,
  process_image: processImageTask,
  process_video: processVideoTask,
  survey: surveyTask,
  insert: insertTask,
  convert: convertTask,
};
