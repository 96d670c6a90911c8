/** `DELETE /v1/owner`: everything that is kept of the caller. */
import { createRoute, z } from "@hono/zod-openapi";
import { PUBLIC_OWNER } from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { eraseOwner } from "@smileloop/core/jobs/erase.ts";
import type { RouteDeps } from "../deps.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const route = createRoute({
  method: "delete",
  path: "/v1/owner",
  tags: ["Jobs"],
  summary: "Erase everything that is kept of you",
  description:
    "Deletes all of your jobs with their files, your uploads, and what would link lines of the audit to you. For a day tombstones of the " +
    "jobs stay: their ids and times. Safe to repeat.",
  responses: {
    200: {
      description: "It is gone",
      content: {
        "application/json": { schema: z.object({ jobs: z.int(), uploads: z.int() }).openapi("Erased") },
      },
    },
    ...problemReplies("forbidden"),
  },
});

export function ownerRoutes(deps: RouteDeps): Api {
  const api = newApi();
  api.openapi(route, async (c) => {
    const owner = ownerOf(c);
    // many strangers share it
    if (owner === PUBLIC_OWNER)
      throw new AppError("forbidden", "Jobs of this owner are several people's: delete yours by its id.");
    return c.json(await eraseOwner(deps, owner), 200);
  });
  return api;
}
