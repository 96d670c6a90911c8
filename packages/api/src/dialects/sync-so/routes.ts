/**
 * The API of Sync.so, under its own paths, so that its SDKs work where their base URL is this server. A façade: generations are jobs of
 * lip sync. A caller's key for this server is what it sends as `x-api-key`.
 */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { linkOrigin } from "../../http/origin.ts";
import { waitUntil } from "../../http/wait.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import type { DialectDeps } from "../dialect.ts";
import { findLipsync, listLipsync, statusOf } from "../lipsync-jobs.ts";
import { createGeneration } from "./create.ts";
import { answered, refusal } from "./errors.ts";
import { generationOf } from "./replies.ts";
import { getSchema, listSchema, MODELS, notValid, readQuery } from "./request.ts";

export const NAME = "sync-so";
/** What clients wait before they ask again. */
const AGAIN_SECONDS = 2;

export function syncSoRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));

  api.post("/v2/generate", (c) =>
    answered(deps, c, async (body) => {
      const base = linkOrigin(deps.config, c.req.raw);
      const asked = { owner: ownerOf(c), dialect: NAME, base, headers: c.req.raw.headers };
      const { record, replayed } = await createGeneration(deps, body, asked);
      if (replayed) c.header("Idempotency-Replayed", "true");
      return c.json(await generationOf(deps, c.req.raw, record), 201);
    }),
  );
  api.get("/v2/generate/:id", async (c) => {
    const { wait, timeout } = readQuery(queryOf(c), getSchema);
    const found = await find(deps, c);
    const record = wait ? await awaited(deps, c, found, timeout * 1000) : found;
    if (!isEnded(record.state)) c.header("Retry-After", String(AGAIN_SECONDS));
    return c.json(await generationOf(deps, c.req.raw, record));
  });
  api.get("/v2/generations", async (c) => {
    const records = await list(deps, c);
    return c.json(await Promise.all(records.map((record) => generationOf(deps, c.req.raw, record))));
  });
  api.delete("/v2/generations/:id", async (c) => {
    const record = await find(deps, c);
    if (!isEnded(record.state) && record.state !== "expired") {
      throw new AppError(
        "conflict",
        "This generation has not ended: it can be deleted when it is COMPLETED or FAILED.",
      );
    }
    const generation = await generationOf(deps, c.req.raw, record);
    await deleteJob(deps, record.owner, record.id);
    // its link is of no use any more
    return c.json({ ...generation, outputUrl: null });
  });
  api.get("/v2/models", (c) =>
    c.json(MODELS.map((id) => ({ id, name: id, type: "lipsync", version: id, description: SAME }))),
  );
  return api;
}

const SAME = "Done by the lip sync engine of this server, as every model.";

async function find(deps: DialectDeps, c: ApiContext): Promise<JobRecord> {
  return findLipsync(deps, ownerOf(c), canonicalId(c.req.param("id") ?? "")).catch((error: unknown) => {
    throw hasCode(error, "not_found") ? new AppError("not_found", "Generation not found") : error;
  });
}

/** As it is when it has ended or the wait is over; at once where the caller has too many requests that wait. */
async function awaited(deps: DialectDeps, c: ApiContext, found: JobRecord, ms: number): Promise<JobRecord> {
  const options = { ms: Math.min(ms, deps.waitMs), signal: c.req.raw.signal };
  const record = await waitUntil(deps, found, ({ state }) => isEnded(state), options);
  if (record === null || (record !== "too_many" && record.state === "deleted")) {
    throw new AppError("not_found", "Generation not found");
  }
  return record === "too_many" ? found : record;
}

async function list(deps: DialectDeps, c: ApiContext): Promise<JobRecord[]> {
  const { status, ids, limit, cursor } = readQuery(queryOf(c), listSchema, ["status", "ids"]);
  const unlimited = { loc: ["cursor"], msg: "is for lists with a `limit`", type: "invalid_value" };
  if (cursor !== undefined && limit === undefined) throw notValid([unlimited]);
  const now = deps.clock.now();
  const wanted = ids && new Set(ids.map(canonicalId));
  const all = await listLipsync(deps, ownerOf(c), c.req.raw.signal);
  const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id === canonicalId(cursor)) + 1;
  const unknown = { loc: ["cursor"], msg: "is not the id of a generation in this list", type: "invalid_value" };
  if (cursor !== undefined && start === 0) throw notValid([unknown]);
  const fits = (record: JobRecord) =>
    (!wanted || wanted.has(record.id)) && (!status || status.includes(statusOf(record, now)));
  return all.slice(start).filter(fits).slice(0, limit);
}

function queryOf({ req }: ApiContext): URLSearchParams {
  return new URL(req.url).searchParams;
}
