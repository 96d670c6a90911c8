/** The sound of a video, for a result that shows the same frames. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { hasCode, type Warning } from "@smileloop/core/errors.ts";
import { NO_TIME } from "./clip-reader.ts";
import { openFilm } from "./film-file.ts";
import { SOUND_RATE } from "./resample.ts";
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
  const film = await openFilm(video.path);
  const { sound, stream, file } = film;
  // sounds are read from the start of the file's clock
  const zero = file.startTime > NO_TIME ? Number(file.startTime) / 1e6 : 0;
  const first = stream.startTime > NO_TIME ? Number(stream.startTime) * stream.timeBase.toDouble() : zero;
  await film.close();
  if (!sound) return null;
  let opened: Sound;
  try {
    opened = await openSound(video);
  } catch (error) {
    if (hasCode(error, "unsupported_type", "input_unreadable")) return "unread";
    throw error;
  }
  skip(opened, Math.round(Math.max(0, first - zero) * SOUND_RATE));
  return opened;
}

export function isSound(sound: Sound | "unread" | null): sound is Sound {
  return sound !== null && sound !== "unread";
}

function skip({ channels, read }: Sound, samples: number): void {
  for (let left = samples; left > 0; ) {
    const wanted = Math.min(STEP, left);
    const count = read(Array.from({ length: channels }, () => new Float32Array(wanted)));
    if (count < wanted) return;
    left -= count;
  }
}
