/** What ends a command early. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
/** A terminal, npx and a launcher may each pass on the same Ctrl-C: those that follow so soon are one. */
const SAME_MS = 1000;

/** Aborted by the first signal; one that comes a second later ends the process at once. */
export function interrupted(): AbortSignal {
  const stop = new AbortController();
  let askedMs: number | null = null;
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (askedMs !== null && performance.now() - askedMs > SAME_MS) process.exit(130);
      askedMs ??= performance.now();
      stop.abort();
    });
  }
  return stop.signal;
}
