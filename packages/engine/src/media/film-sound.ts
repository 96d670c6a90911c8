/** The sound of a video, for a result that shows the same frames. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { hasCode, type Warning } from "@smileloop/core/errors.ts";
import { NO_TIME } from "./clip-reader.ts";
import { openFilm } from "./film-file.ts";
import { SOUND_RATE } from "./resample.ts";
import { openSoundCopy, type SoundCopy } from "./sound-copy.ts";
import { openSound, type Sound } from "./sound-reader.ts";

export const SOUND_LEFT_OUT: Warning = {
  code: "sound_left_out",
  detail: "The sound of the video is of a kind that is not read, so the result has none.",
};

/** Seconds of sound that are skipped at once. */
const STEP = SOUND_RATE / 4;

/**
 * The sound track from the first frame on, however much earlier or later it starts; null where there is none, `unread` where it cannot be
 * read. Throws what `openFilm` throws.
 */
export async function openFilmSound(video: EngineFile): Promise<Sound | "unread" | null> {
  const { sound, begins } = await beginningOf(video);
  if (!sound) return null;
  let opened: Sound;
  try {
    opened = await openSound(video);
  } catch (error) {
    if (hasCode(error, "unsupported_type", "input_unreadable")) return "unread";
    throw error;
  }
  // sounds are read from the start of the file's clock
  skip(opened, Math.round(Math.max(0, begins.frame - begins.file) * SOUND_RATE));
  return opened;
}

export function isSound(sound: Sound | "unread" | null): sound is Sound {
  return sound !== null && sound !== "unread";
}

/** The same as it lies in the file, where it can be put into an MP4 so; null where it can't. */
export async function copyFilmSound(video: EngineFile): Promise<SoundCopy | null> {
  const { begins } = await beginningOf(video);
  return openSoundCopy(video, begins.frame);
}

/** Whether there is a track; when the file begins and when its first frame is shown, seconds of the file's clock. */
async function beginningOf({ path }: EngineFile): Promise<{ sound: boolean; begins: { file: number; frame: number } }> {
  const film = await openFilm(path);
  const { sound, stream, file } = film;
  const zero = file.startTime > NO_TIME ? Number(file.startTime) / 1e6 : 0;
  const first = stream.startTime > NO_TIME ? Number(stream.startTime) * stream.timeBase.toDouble() : zero;
  await film.close();
  return { sound, begins: { file: zero, frame: first } };
}

function skip({ channels, read }: Sound, samples: number): void {
  for (let left = samples; left > 0; ) {
    const wanted = Math.min(STEP, left);
    const count = read(Array.from({ length: channels }, () => new Float32Array(wanted)));
    if (count < wanted) return;
    left -= count;
  }
}
