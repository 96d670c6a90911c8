/** Ids as clients write them: 32 hex digits, or a UUID with dashes. Replies have the 32 digits. */
import { z } from "@hono/zod-openapi";
import { canonicalId } from "@smileloop/core/job/ids.ts";

const EXAMPLE = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";

export const idSchema = z.string().max(64).overwrite(canonicalId);

/** Of a path. */
export const idParams = z.object({
  id: z.string().overwrite(canonicalId).openapi({ description: "32 hex digits, or with dashes.", example: EXAMPLE }),
});
