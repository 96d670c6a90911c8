/** Params of the kinds that a service elsewhere can do. */
import { z } from "zod";

const MAX_KEY = 500;
const KEY = "must be a key as the service has given it out: letters, digits and signs, without spaces";

/** Secret, so that no message repeats it. */
export const keyParam = z
  .string({ error: KEY })
  .max(MAX_KEY, { error: `must have at most ${MAX_KEY} characters` })
  .regex(/^[!-~]+$/, { error: KEY })
  .optional()
  .meta({
    description:
      "The client's key for a service elsewhere, for an engine that needs one. Kept sealed until the job ends.",
  });

export const modelParam = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,60}$/i, { error: "must be the name of a model, such as lipsync-2" })
  .optional()
  .meta({ description: "Which model of a service elsewhere does the work. Engines of ours have one." });
