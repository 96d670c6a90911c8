/**
 * `survey`: what is worked out once for all recipients of a video: where in it somebody speaks, where words are to go, and where the face
 * is in every frame. A part of `personalize`; clients cannot ask for it by itself.
 */
import { z } from "zod";
import { engineParam } from "./clip-params.ts";
import { secondsOf } from "./inputs.ts";
import { insertionParams } from "./insertion.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";

export const survey: KindEntry = { name: "survey", worker: "engine", internal: true, define };

const TYPICAL_SECONDS = 20;
/** Seconds of work for a second of video: listening, and following the face whatever the size, and encoding its pictures once. */
const WORK = { listening: 0.1, following: 0.6, encoding: 0.2 };

function define({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "Where somebody speaks in a video, and where words are to go",
    slots: { video: videoSlot(maxVideoSeconds) },
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    // its pictures are the given ones, encoded once more
    unmarked: () => "not_synthetic",
    // `track` only where the lips are to say the words, and `pictures` where those of the video cannot be copied in parts, too
    outputs: ["survey", "track", "pictures"],
    estimateSeconds: ({ lip_sync }, inputs) => {
      const seconds = secondsOf(inputs, "video") ?? TYPICAL_SECONDS;
      return 2 + seconds * (WORK.listening + (lip_sync ? WORK.following + WORK.encoding : 0));
    },
  };
}

function paramsSchema(engines: string[]) {
  const { tier, lip_sync, face, name_position, silence_db, silence_seconds, markers, base_text, language } =
    insertionParams();
  return z.strictObject({
    ...{ tier, lip_sync, face, name_position, silence_db, silence_seconds, markers, base_text, language },
    engine: engineParam(engines),
  });
}
export type SurveyJobParams = z.infer<ReturnType<typeof paramsSchema>>;
