/** What the operator has set of the safeguards. */
import type { Env } from "@smileloop/core/env.ts";
import { SAFEGUARDS, type Safeguards } from "@smileloop/core/safeguards.ts";

export function safeguardsOf({ CONTENT_CHECK, CONTENT_ALLOW }: Env): Safeguards {
  return { ...SAFEGUARDS, contentCheck: CONTENT_CHECK === "on", allowed: CONTENT_ALLOW };
}
