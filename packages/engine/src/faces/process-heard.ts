/** What is heard in a processed video. */
import type { ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { blaming, type Warning } from "@smileloop/core/errors.ts";
import { processorEntry } from "@smileloop/core/faces/processors.ts";
import { copyFilmSound, openFilmSound } from "../media/film-sound.ts";
import type { SoundCopy } from "../media/sound-copy.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { soundOf } from "./sources.ts";

/** `copy`: as it lies in the target, which needs no encoding. */
export type Heard = { sound?: Sound; copy?: SoundCopy; warnings: Warning[]; close: () => Promise<void> };

const UNREAD: Warning = {
  code: "sound_left_out",
  detail: "The sound of the video is of a kind that is not read, so the result has none.",
};

/** The sound of a step that takes one, else that of the target from its first frame on; without `sound` where it has none that is read. */
export async function openHeard(
  { target, source }: ProcessVideoRun["inputs"],
  { processors }: Pick<ProcessVideoRun["params"], "processors">,
): Promise<Heard> {
  const taken = processors.some(({ name }) => processorEntry(name).source === "audio") ? soundOf(source) : undefined;
  const sound = taken ? await blaming("source", openSound(taken)) : await openFilmSound(target[0]!);
  if (sound === null) return { warnings: [], close: async () => {} };
  if (sound === "unread") return { warnings: [UNREAD], close: async () => {} };
  const copy = taken ? null : await copyFilmSound(target[0]!);
  if (copy === null) return { sound, warnings: [], close: sound.close };
  // it was opened to see that it can be read
  await sound.close();
  return { copy, warnings: [], close: copy.close };
}
