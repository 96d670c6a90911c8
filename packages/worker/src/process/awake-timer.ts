/** A time limit that Lambda's freezing does not use up. */

/** In how many steps the time is counted: a step that was slept through counts once. */
const STEPS = 30;

/**
 * Calls `then` after `ms` in which this process could run. Lambda freezes a function between its start and its first event, and
 * between events, for minutes or hours, and with it the processes that it started: a plain timer would fire when it thaws.
 * Returns what ends it.
 */
export function awakeTimer(ms: number, then: () => void): () => void {
  let left = STEPS;
  const timer = setInterval(() => {
    if (--left > 0) return;
    clearInterval(timer);
    then();
  }, ms / STEPS);
  return () => clearInterval(timer);
}
