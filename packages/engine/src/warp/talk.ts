/** The built-in engine: one photo, a Motion and its sound → a finished video of somebody who speaks. */
import type { TalkRun, TalkRunResult } from "@smileloop/core/engine/tasks/talk.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import type { TaskContext } from "../task.ts";
import { drawClip } from "./animate.ts";

/** The sound is read as frames are written, so that its length costs no memory. Throws what `openSound` and `drawClip` throw. */
export async function talk(request: TalkRun, context: TaskContext): Promise<TalkRunResult> {
  const sound = await blaming("audio", openSound(request.inputs.audio[0]!));
  let again: Sound | undefined;
  try {
    if (request.outputs.preview) again = await blaming("audio", openSound(request.inputs.audio[0]!));
    return await drawClip(request, context, { sound, again });
  } finally {
    await again?.close();
    await sound.close();
  }
}
