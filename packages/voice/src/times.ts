/** Times of what was said, moved along with its sound. */
import type { Spoken } from "@smileloop/core/speech/spoken.ts";

/** Everything so many seconds later. */
export function shifted(spoken: Spoken | null, seconds: number): Spoken {
  const later = <T extends { start: number; end: number }>(entry: T): T => ({
    ...entry,
    start: entry.start + seconds,
    end: entry.end + seconds,
  });
  return { words: (spoken?.words ?? []).map(later), phones: (spoken?.phones ?? []).map(later) };
}
