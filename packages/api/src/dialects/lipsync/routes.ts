/**
 * The lip sync API: a video and a sound by their URLs become a video of the person saying the one. A façade: requests become jobs of kind
 * `lipsync`, jobs become its replies. Its errors are `{"detail": …}`.
 */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { Kind, Params } from "@smileloop/core/kinds/kind.ts";
import { readFields } from "../../http/fields.ts";
import { tooManyFollowers } from "../../http/followers.ts";
import { linkOrigin } from "../../http/origin.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { waitUntil } from "../../http/wait.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { submit } from "../../submit.ts";
import { answered, refusal } from "../detail.ts";
import type { DialectDeps } from "../dialect.ts";
import { labelParams } from "../label.ts";
import { cleanUp, findLipsync, KIND, listLipsync } from "../lipsync-jobs.ts";
import { isOfInput, keptUrl, sourceOfUrl } from "../url-inputs.ts";
import { MODELS, SYNC_MODES } from "./lists.ts";
import { debugReply, listedReply, seconds, statusReply } from "./replies.ts";
import { type Asked, cleanupSchema, createSchema, fromTtsSchema, waitSchema } from "./request.ts";

export const NAME = "lipsync";
export const BASE = "/api/v1/lipsync";

export function lipsyncRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));
  const find = (c: ApiContext, id: string) => findLipsync(deps, ownerOf(c), canonicalId(id));

  api.post(`${BASE}/create`, (c) =>
    answered(deps, c, async (body) => create(deps, c, await readFields(c.req.raw, body, createSchema))),
  );
  api.post(`${BASE}/create-from-tts`, (c) =>
    answered(deps, c, async (body) => {
      const { tts_audio_url, ...asked } = await readFields(c.req.raw, body, fromTtsSchema);
      return create(deps, c, { ...asked, audio_url: tts_audio_url });
    }),
  );
  api.get(`${BASE}/status/:id`, async (c) => {
    return c.json(await statusReply(deps, c.req.raw, await find(c, c.req.param("id"))));
  });
  api.post(`${BASE}/wait/:id`, (c) =>
    answered(deps, c, async (body) => wait(deps, c, { body, record: await find(c, c.req.param("id")) })),
  );
  api.get(`${BASE}/jobs/my`, async (c) => {
    const records = await listLipsync(deps, ownerOf(c), c.req.raw.signal);
    const jobs = await Promise.all(records.map((record) => listedReply(deps, c.req.raw, record)));
    return c.json({ jobs, total_count: jobs.length });
  });
  api.get(`${BASE}/models`, (c) => c.json(MODELS));
  api.get(`${BASE}/sync-modes`, (c) => c.json(SYNC_MODES));
  api.post(`${BASE}/cleanup`, (c) =>
    answered(deps, c, async (body) => {
      const { hours_old: hours } = await readFields(c.req.raw, body, cleanupSchema);
      const cleaned = await cleanUp(deps, ownerOf(c), { hours, signal: c.req.raw.signal });
      return c.json({ message: `Cleaned up ${cleaned} old lipsync jobs`, cleaned_jobs: cleaned });
    }),
  );
  api.get(`${BASE}/debug/status/:id`, async (c) => {
    return c.json(debugReply(await statusReply(deps, c.req.raw, await find(c, c.req.param("id")))));
  });
  return api;
}

async function create(deps: DialectDeps, c: ApiContext, asked: Asked): Promise<Response> {
  const { video_url, audio_url, model, sync_mode, output_filename } = asked;
  if (!deps.kinds.has(KIND)) throw noEngine();
  const record = await start(deps, c, asked).catch((error: unknown) => {
    if (hasCode(error, "engine_not_configured")) throw noEngine();
    if (isOfInput(error)) return error;
    throw error;
  });
  if (record instanceof AppError) {
    return c.json({ detail: "Invalid video URL or audio URL", reason: record.message }, 400);
  }
  return c.json({
    message: "Lipsync job created successfully",
    job_id: record.id,
    status: "PENDING",
    ...{ video_url, audio_url, model, sync_mode },
    submitted_at: seconds(record.created_at),
    ...(output_filename === undefined ? {} : { output_filename }),
  });
}

async function start(deps: DialectDeps, c: ApiContext, asked: Asked): Promise<JobRecord> {
  const { video_url, audio_url, model, sync_mode, output_filename } = asked;
  const kind = deps.kinds.get(KIND);
  const base = linkOrigin(deps.config, c.req.raw);
  const [video, audio] = await Promise.all([sourceOfUrl(deps, video_url, base), sourceOfUrl(deps, audio_url, base)]);
  const named = output_filename === undefined ? {} : { output_filename };
  const { record } = await submit(deps, {
    owner: ownerOf(c),
    kind: KIND,
    inputs: { video: [video], audio: [audio] },
    params: { sync_mode, ...labelParams(asked), ...(kind ? forService(kind, asked) : {}) },
    // nobody has to see what is secret in a link once the job has it
    metadata: { video_url: keptUrl(video_url), audio_url: keptUrl(audio_url), model, ...named },
    dialect: NAME,
  });
  return record;
}

/** A key goes to a service elsewhere, where the operator has set one up; without one an engine does the work that needs none. */
function forService({ engines, secretsOf }: Kind, { api_key, model }: Asked): Params {
  const serves = engines.some((engine) => secretsOf(engine).takes.includes("api_key"));
  if (!serves) return {};
  return { model, ...(api_key === undefined || api_key === "" ? {} : { api_key }) };
}

type Awaited = { body: RequestBody; record: JobRecord };

/** The status when the job has ended, or the client's time, or that which requests may wait here, is over. */
async function wait(deps: DialectDeps, c: ApiContext, { body, record }: Awaited): Promise<Response> {
  const { timeout } = await readFields(c.req.raw, body, waitSchema);
  const options = { ms: Math.min(timeout * 1000, deps.waitMs), signal: c.req.raw.signal };
  const waited = await waitUntil(deps, record, ({ state }) => isEnded(state), options);
  if (waited === "too_many") throw tooManyFollowers(deps.config.maxFollowers);
  if (waited === null || waited.state === "deleted") throw new AppError("not_found", "Job not found");
  return c.json(await statusReply(deps, c.req.raw, waited));
}

function noEngine(): AppError {
  return new AppError("engine_not_configured", "There is no engine here that makes lips follow a sound.");
}
