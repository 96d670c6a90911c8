/** `POST /v1/jobs` and `PUT /v1/jobs/{id}`: a job is made once, however often it is asked for. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { idTimeMs, isId, uuidVersion } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord, TOMBSTONE_LIFE_MS } from "@smileloop/core/job/record.ts";
import { type Created, replayedJob, sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import { canonicalJson, limitedJson } from "../http/json-body.ts";
import { linkOrigin, publicPath } from "../http/origin.ts";
import { preferredWait, waitForEnd } from "../http/wait.ts";
import { idParams } from "../ids.ts";
import { present } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, type ApiContext, newApi, problemReplies } from "../problem.ts";
import { submit } from "../submit.ts";
import { jobSchema, viewJob } from "../view.ts";
import { exampleRequests, inputsOf, type JobRequest, jobRequestSchema, webhookOf } from "./job-request.ts";

/** How far ahead the time in a client's id may be. */
const MAX_AHEAD_MS = 5 * 60_000;

const prefer = z.string().optional().openapi({
  description: "`wait=<seconds>`: the reply is held until the job has ended, or for this many seconds.",
  example: "wait=30",
});
const replyHeaders = z.object({
  Location: z.string(),
  "Preference-Applied": z.string().optional().openapi({ description: "The wait that was applied." }),
  "Idempotency-Replayed": z.literal("true").optional().openapi({ description: "An earlier request made this job." }),
});
const json = { "application/json": { schema: jobSchema } };
const responses = {
  201: { description: "The job, ended within the wait", headers: replyHeaders, content: json },
  202: { description: "The job", headers: replyHeaders, content: json },
  ...problemReplies(
    ...([
      "malformed",
      "invalid_request",
      "idempotency_key_reused",
      "not_supported",
      "empty_file",
      "not_found",
      "conflict",
      "gone",
      "fetch_refused",
      "bad_signature",
      "not_ready",
    ] as const),
    ...([
      "too_large",
      "input_too_large",
      "unsupported_type",
      "input_unreadable",
      "engine_not_configured",
      "no_capacity",
      "too_many_requests",
    ] as const),
  ),
};
const postHeaders = z.object({
  Prefer: prefer,
  "Idempotency-Key": z
    .string()
    .regex(/^[A-Za-z0-9._~-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 . _ ~ -")
    .optional()
    .openapi({
      description: "Makes the request safe to repeat for a day: the same key and body are the same job.",
    }),
});

const bodyOf = (kinds: Kinds) => ({
  required: true as const,
  content: { "application/json": { schema: jobRequestSchema, examples: exampleRequests(kinds) } },
});

const postRoute = (kinds: Kinds) =>
  createRoute({
    method: "post",
    path: "/v1/jobs",
    tags: ["Jobs"],
    summary: "Create a job",
    middleware: [limitedJson] as const,
    request: { body: bodyOf(kinds), headers: postHeaders },
    responses,
  });

const putRoute = (kinds: Kinds) =>
  createRoute({
    method: "put",
    path: "/v1/jobs/{id}",
    tags: ["Jobs"],
    summary: "Create a job with an id that you choose",
    description: "Safe to repeat. The id is a UUIDv7 made now, 32 hex digits with or without dashes.",
    middleware: [limitedJson] as const,
    request: { body: bodyOf(kinds), params: idParams, headers: z.object({ Prefer: prefer }) },
    responses,
  });

export function createJobRoutes(deps: RouteDeps): Api {
  const api = newApi();
  api.openapi(postRoute(deps.kinds), async (c) => {
    const key = c.req.valid("header")["Idempotency-Key"];
    return create(deps, c, c.req.valid("json"), key === undefined ? {} : { key: `key:${key}` });
  });
  api.openapi(putRoute(deps.kinds), async (c) => {
    const { id } = c.req.valid("param");
    checkClientId(id, deps.clock.now());
    return create(deps, c, c.req.valid("json"), { id, key: `id:${id}` });
  });
  return api;
}

async function create(deps: RouteDeps, c: ApiContext, request: JobRequest, named: { id?: string; key?: string }) {
  const owner = ownerOf(c);
  const there = named.id !== undefined && (await isThere(deps, owner, named.id));
  const idempotency =
    named.key === undefined
      ? undefined
      : { keySha256: sha256Hex(named.key), bodySha256: digestOf(deps, request, canonicalJson(await c.req.json())) };
  const earlier = idempotency ? await replayedJob(deps, owner, idempotency) : null;
  if (there && !earlier) throw new AppError("conflict", "This id is that of a job that was made by another request.");
  const { record, replayed }: Created = earlier
    ? { record: earlier, replayed: true }
    : await submit(deps, {
        ...{ owner, kind: request.kind, params: request.params, metadata: request.metadata },
        inputs: inputsOf(request, linkOrigin(deps.config, c.req.raw)),
        webhook: webhookOf(request, linkOrigin(deps.config, c.req.raw)),
        ...(named.id === undefined ? {} : { id: named.id }),
        ...(idempotency ? { idempotency } : {}),
      });
  return answer(deps, c, record, replayed);
}

/** What the request is known by when it comes again. With a secret in it the hash has a key: a short one could be found by trying. */
function digestOf({ kinds, seals }: RouteDeps, { kind, params }: JobRequest, body: string): string {
  const secret = kinds.get(kind)?.secrets.some((name) => Object.hasOwn(params, name));
  return secret && seals ? seals.digest(body) : sha256Hex(body);
}

async function answer(deps: RouteDeps, c: ApiContext, created: JobRecord, replayed: boolean) {
  const { id } = created;
  const asked = preferredWait(c.req.header("prefer"));
  const seconds = asked === null ? 0 : Math.min(asked, Math.floor(deps.config.maxWaitMs / 1000));
  const waited =
    seconds > 0 ? await waitForEnd(deps, created, { ms: seconds * 1000, signal: c.req.raw.signal }) : created;
  const record = present(waited, id, deps.clock.now());
  c.header("Location", publicPath(deps.config, `/v1/jobs/${id}`));
  if (asked !== null) c.header("Preference-Applied", `wait=${seconds}`);
  if (replayed) c.header("Idempotency-Replayed", "true");
  const view = await viewJob(deps, record, linkOrigin(deps.config, c.req.raw));
  return isEnded(record.state) ? c.json(view, 201) : c.json(view, 202);
}

/** Throws `invalid_request` for what is not an id or lies in the future, `gone` for ids that are over a day old. */
function checkClientId(id: string, nowMs: number): void {
  const fault = (msg: string) =>
    new AppError("invalid_request", msg, { errors: [{ loc: ["path", "id"], msg, type: "invalid_format" }] });
  const version = uuidVersion(id);
  if (!isId(id)) {
    const found =
      version === null || version === 7 ? "" : ` This one is of version ${version}, which does not carry the time.`;
    throw fault(`The id must be a UUIDv7, 32 hex digits with or without dashes.${found}`);
  }
  if (idTimeMs(id) > nowMs + MAX_AHEAD_MS)
    throw fault("The time in this id is more than 5 minutes ahead; is your clock right?");
  if (nowMs - idTimeMs(id) > TOMBSTONE_LIFE_MS)
    throw new AppError("gone", "This id is over a day old; make a new one.");
}

/** Throws `gone` for a job that is deleted or expired. */
async function isThere({ records, clock }: ApiDeps, owner: string, id: string): Promise<boolean> {
  const stored = await records.get(owner, id);
  if (stored) present(stored.record, id, clock.now());
  return stored !== null;
}
