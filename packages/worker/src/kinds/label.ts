import type { JobIo } from "../job-io.ts";

/** Told to checks that compare the result with what was given, so that they do not take the label for a fault. */
export function labelOf({ provenance }: Pick<JobIo, "provenance">): { label?: true } {
  return provenance.mark?.label ? { label: true } : {};
}
