/** Answers that many ask for at once, and often. */
import type { Clock } from "@smileloop/core/clock.ts";

/** The last answer while it is fresh, else the next one, which all requests in the meantime share. A failure is not kept. */
export function recent<T>(clock: Clock, ageMs: number, make: () => Promise<T>): () => Promise<T> {
  let last: { answer: Promise<T>; madeMs: number | null } | null = null;
  const isFresh = (madeMs: number | null) => madeMs === null || Math.abs(clock.now() - madeMs) < ageMs;
  return () => {
    if (last && isFresh(last.madeMs)) return last.answer;
    const next = { answer: make(), madeMs: null as number | null };
    last = next;
    next.answer.then(
      () => {
        next.madeMs = clock.now();
      },
      () => {
        if (last === next) last = null;
      },
    );
    return next.answer;
  };
}
