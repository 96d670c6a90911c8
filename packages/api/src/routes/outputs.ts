/** `GET|HEAD /v1/jobs/{id}/outputs/{name}`: the finished files. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { type JobRecord, resultLifeMs } from "@smileloop/core/job/record.ts";
import { spanOf } from "@smileloop/core/text.ts";
import type { ApiDeps } from "../deps.ts";
import { sendOutput } from "../http/send-output.ts";
import { idParams } from "../ids.ts";
import { findJob, hasExpired } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const route = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/outputs/{name}",
  tags: ["Jobs"],
  summary: "Get an output",
  description:
    "HEAD, ranges and conditional requests are supported. Jobs that make several outputs one after another have each as soon as it is ready.",
  request: {
    params: idParams.extend({ name: z.string().openapi({ example: "video" }) }),
    query: z.object({ disposition: z.enum(["attachment", "inline"]).default("attachment") }),
  },
  responses: {
    200: { description: "The file", content: { "*/*": { schema: { type: "string", format: "binary" } } } },
    206: { description: "The requested range" },
    302: { description: "Redirect to the storage" },
    304: { description: "Not modified" },
    ...problemReplies("not_found", "not_ready", "gone", "range_not_satisfiable"),
  },
});

export function outputRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(route, async (c) => {
    const { id, name } = c.req.valid("param");
    const record = await findJob(deps, ownerOf(c), id);
    checkResult(record, name, deps.clock.now());
    const inline = c.req.valid("query").disposition === "inline";
    return sendOutput(deps, c.req.raw, record, name, { inline });
  });
  return api;
}

/** Throws `gone` after the job's hour, `not_ready` while there is no such output yet and when there will be none. */
function checkResult(record: JobRecord, name: string, nowMs: number): void {
  if (hasExpired(record, nowMs))
    throw new AppError(
      "gone",
      `Results are kept for ${spanOf(resultLifeMs(record))} and this one is gone; create the job again.`,
    );
  const isReady = record.state === "succeeded" || Object.hasOwn(record.outputs, name);
  if (!isReady) throw new AppError("not_ready", `There is no result: the job is ${record.state}.`);
}
