/** How long a frame is waited for at most, ms: a page in the background has none. */
const PATIENCE_MS = 300;

/** Resolves once the page has been painted for the first time: with what its HTML has. */
export function afterFirstFrame(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden || performance.getEntriesByType("paint").length > 0) return resolve();
    const timer = setTimeout(resolve, PATIENCE_MS);
    requestAnimationFrame(() =>
      setTimeout(() => {
        clearTimeout(timer);
        resolve();
      }),
    );
  });
}
