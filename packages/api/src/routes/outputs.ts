/** `GET|HEAD /v1/jobs/{id}/outputs/{name}`: the finished files. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../deps.ts";
import { sendOutput } from "../http/send-output.ts";
import { findJob, hasExpired } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const route = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/outputs/{name}",
  tags: ["Jobs"],
  summary: "Get an output",
  description: "HEAD, ranges and conditions are served, too.",
  request: {
    params: z.object({ id: z.string(), name: z.string().openapi({ example: "video" }) }),
    query: z.object({ disposition: z.enum(["attachment", "inline"]).default("attachment") }),
  },
  responses: {
    200: { description: "The file", content: { "video/mp4": { schema: { type: "string", format: "binary" } } } },
    206: { description: "A range of it" },
    302: { description: "Where the storage serves it" },
    304: { description: "It is the one that the client has" },
    ...problemReplies("not_found", "not_ready", "gone", "range_not_satisfiable"),
  },
});

export function outputRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(route, async (c) => {
    const { id, name } = c.req.valid("param");
    const record = await findJob(deps, ownerOf(c), id);
    const output = outputOf(record, name, deps.clock.now());
    const inline = c.req.valid("query").disposition === "inline";
    return sendOutput(deps, c.req.raw, record, output, { inline });
  });
  return api;
}

/** Throws `gone` after the job's hour, `not_ready` while and when there is no result, `not_found` for other names. */
export function outputOf(record: JobRecord, name: string, nowMs: number): JobOutput {
  if (hasExpired(record, nowMs))
    throw new AppError("gone", "The result was kept for an hour and is gone now; make it again.");
  if (record.state !== "succeeded") throw new AppError("not_ready", `There is no result: the job is ${record.state}.`);
  const output = Object.hasOwn(record.outputs, name) ? record.outputs[name] : undefined;
  if (!output) throw new AppError("not_found", "The job has no output of this name.");
  return output;
}
