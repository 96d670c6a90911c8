/** `label`, which the originals of these APIs do not have: every one of them takes it where its clients send further fields. */
import { z } from "zod";

const FLAGS: Readonly<Record<string, boolean>> = {
  ...{ true: true, t: true, yes: true, y: true, on: true, 1: true },
  ...{ false: false, f: false, no: false, n: false, off: false, 0: false },
};

/** True or false as forms write them; another text stays, so that its schema says what is wrong with it. */
export function flagOf(value: unknown): unknown {
  return typeof value === "string" ? (FLAGS[value.trim().toLowerCase()] ?? value) : value;
}

export const LABEL_HELP =
  'Whether every picture has a visible label that says "AI". Absent: true for callers without credentials, false for others.';

/** Whether the pictures get a visible label that says "AI"; absent: the caller's default (`submit.ts`). An empty part counts as absent. */
export const labelField = z
  .preprocess((value) => (value === "" ? undefined : flagOf(value)), z.boolean().optional())
  .optional()
  .meta({ description: LABEL_HELP });

export type Labeled = { label?: boolean | undefined };

/** As params of a kind. */
export function labelParams({ label }: Labeled): { label?: boolean } {
  return label === undefined ? {} : { label };
}
