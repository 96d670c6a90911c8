/**
 * The API of VidX: a video and a list of people come in, a ZIP with a file for each of them goes out. A façade: requests become jobs of
 * the kinds `personalize` and `convert`. Its errors are `{"detail": …}`.
 */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { resultLifeMs } from "@smileloop/core/job/record.ts";
import { clearCache } from "@smileloop/core/jobs/cache.ts";
import { spanOf } from "@smileloop/core/text.ts";
import { sendOutput } from "../../http/send-output.ts";
import { hasExpired } from "../../job-lookup.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { answered, refusal } from "../detail.ts";
import type { DialectDeps } from "../dialect.ts";
import { createBatch } from "./batches.ts";
import { convertVideo } from "./convert.ts";
import { NAME_CACHE, OUTPUT, PREFIX } from "./names.ts";
import { findBatch, statusOf, statusReply } from "./replies.ts";

export function vidxRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));
  for (const base of ["", PREFIX]) {
    api.post(`${base}/jobs`, (c) =>
      answered(deps, c, async (body) => {
        const contentType = c.req.raw.headers.get("content-type");
        const { id } = await createBatch(deps, { owner: ownerOf(c), body, contentType });
        return c.json({ job_id: id, status: "queued" });
      }),
    );
    api.get(`${base}/jobs/:id`, async (c) => {
      const found = await findBatch(deps, ownerOf(c), canonicalId(c.req.param("id")));
      return c.json(await statusReply(deps, found));
    });
    api.get(`${base}/jobs/:id/download`, (c) => download(deps, c, canonicalId(c.req.param("id"))));
    api.post(`${base}/convert`, (c) => answered(deps, c, (body) => convertVideo(deps, c, body)));
    api.post(`${base}/cache/name-audio/clear`, async (c) => {
      const { files } = await clearCache(deps.files, ownerOf(c));
      return c.json({ status: "ok", cleared_dir: NAME_CACHE, removed_files: files, removed_dirs: files > 0 ? 1 : 0 });
    });
  }
  return api;
}

async function download(deps: DialectDeps, c: ApiContext, id: string): Promise<Response> {
  const { record } = await findBatch(deps, ownerOf(c), id);
  const now = deps.clock.now();
  if (hasExpired(record, now)) {
    throw new AppError("gone", `Results are kept for ${spanOf(resultLifeMs(record))} and this one is gone.`);
  }
  // in the original's words, and with its status
  if (statusOf(record, now) !== "done") throw new AppError("malformed", "job not ready");
  return sendOutput(deps, c.req.raw, record, OUTPUT.archive, { fileName: `${id}.zip`, whole: true }).catch(
    (error: unknown) => {
      throw hasCode(error, "not_found") ? new AppError("not_found", "job not found") : error;
    },
  );
}
