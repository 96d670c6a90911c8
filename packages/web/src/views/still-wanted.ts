/** Whether the reader has asked their system for less motion. */
export function stillWanted(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
