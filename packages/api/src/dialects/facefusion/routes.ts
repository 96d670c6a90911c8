/**
 * The REST API of FaceFusion: a form with a picture or a video comes in, the request waits, and its result is fetched by name. A façade:
 * requests become jobs of the kinds `process_image` and `process_video`. Its errors are `{"detail": …}`.
 */
import { AppError, ERRORS, type FieldError, hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { cancelJob, deleteJob } from "@smileloop/core/jobs/close.ts";
import type { ApiDeps } from "../../deps.ts";
import { docsRoutes } from "../../docs.ts";
import { emptyForm, type Form } from "../../http/multipart.ts";
import { linkOrigin } from "../../http/origin.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { waitUntil } from "../../http/wait.ts";
import type { StoredUpload } from "../../intake/check.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { submit } from "../../submit.ts";
import { answered, refusal } from "../detail.ts";
import type { DialectDeps } from "../dialect.ts";
import { dropAll } from "../form-uploads.ts";
import { reasonOf } from "../job-end.ts";
import { checkFiles, deleteOutput, download, receive } from "./files.ts";
import { jobName, MEDIA, type Medium, outputName, PREFIX, VERSION } from "./names.ts";
import { NotOffered, offeredProcessors, processorRows, requireOffered } from "./processors.ts";
import { namesOf, notValid, paramsOf, readAsked } from "./request.ts";

export const NAME = "facefusion";

export function facefusionRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));
  api.get(`${PREFIX}/health`, (c) =>
    c.json({ status: "healthy", version: VERSION, processors_available: offeredProcessors(deps) }),
  );
  for (const base of ["", PREFIX]) {
    api.get(`${base}/processors`, (c) => c.json(processorRows(deps)));
    for (const medium of Object.values(MEDIA)) {
      api.post(`${base}/process/${medium.noun}`, (c) =>
        answered(deps, c, (body) => processForm(deps, c, body, medium)),
      );
    }
    // names with another shape belong to other dialects
    api.get(`${base}/download/:filename{[^/]+\\.[^/.]+}`, (c) => {
      const cleanup = /^(1|true|yes|on)$/i.test(c.req.query("cleanup") ?? "");
      return download(deps, c.req.raw, { owner: ownerOf(c), name: c.req.param("filename"), cleanup });
    });
    api.delete(`${base}/output/:filename`, async (c) => {
      const filename = c.req.param("filename");
      await deleteOutput(deps, ownerOf(c), filename);
      return c.json({ status: "deleted", filename });
    });
  }
  api.route(PREFIX, docsRoutes(deps.document, deps.assets));
  return api;
}

async function processForm(deps: DialectDeps, c: ApiContext, body: RequestBody, medium: Medium): Promise<Response> {
  const owner = ownerOf(c);
  const form = emptyForm<StoredUpload>();
  let created: JobRecord;
  try {
    await receive(deps, owner, { body, contentType: c.req.raw.headers.get("content-type") }, form);
    created = await start(deps, { owner, base: linkOrigin(deps.config, c.req.raw) }, form, medium);
  } finally {
    // the job has copies
    await dropAll(deps, owner, form);
  }
  // its end is reported
  if (created.webhook) return c.json(replyOf(created, medium, "processing"), 202);
  const { signal } = c.req.raw;
  const options = { ms: deps.waitMs, signal };
  const waited = await waitUntil(deps, created, ({ state }) => isEnded(state), options);
  // where no more requests may wait, this one does not
  const record = waited === "too_many" ? created : waited;
  if (record === null || record.state === "deleted") throw new AppError("canceled", "The job was deleted.");
  if (!isEnded(record.state)) {
    if (signal.aborted) await cancelJob(deps, owner, record.id);
    return c.json(replyOf(record, medium, "processing"), 202);
  }
  if (record.state !== "succeeded") throw await failureOf(deps, c, record);
  return c.json(replyOf(record, medium, "completed"));
}

async function start(
  deps: DialectDeps,
  { owner, base }: { owner: string; base: string },
  form: Form<StoredUpload>,
  medium: Medium,
): Promise<JobRecord> {
  const target = form.files.get("target");
  const sources = form.fileLists.get("source") ?? [];
  if (!target) form.faults.push({ loc: ["body", "target"], msg: "Field required", type: "missing" });
  const asked = readAsked(form);
  if (!target) throw notValid(form.faults);
  const params = paramsOf(asked, medium, { attested: deps.isAttested(NAME) });
  const names = namesOf(asked);
  requireOffered(deps, names);
  const kind = deps.kinds.get(medium.kind);
  if (!kind) throw new NotOffered(`No engine installed here works on a ${medium.noun}.`);
  await checkFiles(deps, owner, { target, sources, names }, { medium, kind });
  const inputOf = ({ id }: StoredUpload) => ({ upload: id, source: "form" });
  const { record } = await submit(deps, {
    owner,
    kind: kind.name,
    inputs: { target: [inputOf(target)], source: sources.map(inputOf) },
    params,
    dialect: NAME,
    ...(asked.webhook ? { webhook: { ...asked.webhook, base } } : {}),
  }).catch((error: unknown) => {
    throw hasCode(error, "engine_not_configured")
      ? new NotOffered((error as Error).message, error)
      : inTheirWords(error, medium);
  });
  return record;
}

/** Names of the kind's params as this API calls them. */
function inTheirWords(error: unknown, medium: Medium): unknown {
  if (!(error instanceof AppError) || !error.errors) return error;
  const names: Record<string, string> = {
    ...{ scale: medium.scale, fps: "output_video_fps", execution: "execution_providers" },
    detector: "face_detector_score",
  };
  const errors = error.errors.map(({ loc, msg, type }): FieldError => {
    if (loc.at(-1) === "webhook_url") return { loc, msg, type };
    const [, , name, ...rest] = loc;
    const own = names[String(name)];
    // what follows are names of the kind's own
    return { loc: ["body", own ?? name ?? "request", ...(own === undefined ? rest : [])], msg, type };
  });
  return new AppError(error.code, error.message, { cause: error, errors });
}

/** `warnings`, where there are any: what came out otherwise than asked, such as a provider that is not here. */
function replyOf(record: JobRecord, medium: Medium, status: "completed" | "processing"): object {
  const { warnings } = record;
  return {
    job_id: jobName(record),
    status,
    output_path: `.api_outputs/${outputName(record, medium)}`,
    error: null,
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** What the client is told of a job that came to nothing. Where what it sent was at fault, the job goes. */
async function failureOf(deps: ApiDeps, c: ApiContext, { owner, id, state, error }: JobRecord): Promise<AppError> {
  if (state !== "failed" || !error) return new AppError("canceled", "The job was canceled.");
  const reason = reasonOf(error);
  if (ERRORS[error.code].status >= 500) {
    deps.log.error({ requestId: c.env.requestId, jobId: id, code: error.code, detail: error.detail }, "process_failed");
    return new AppError("engine_failed", reason);
  }
  await deleteJob(deps, owner, id);
  const loc = ["body", ...(error.input === undefined ? [] : [error.input])];
  return new AppError(error.code, reason, { errors: [{ loc, msg: reason, type: error.code }] });
}
