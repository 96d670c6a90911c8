/**
 * The original portrait API: `POST /animate` waits for its result, `/job/{id}` and `/download/{id}` serve those who come back.
 * A façade: requests become jobs of kind `animate`, jobs become its replies. Its errors are `{"detail": …}`.
 */

import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, ERRORS, hasCode } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { shownName } from "@smileloop/core/job/may-read.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { shown } from "@smileloop/core/text.ts";
import { accepts } from "hono/accepts";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps } from "../../deps.ts";
import { emptyForm, FileTooLarge, type Form, readMultipart } from "../../http/multipart.ts";
import { publicPath } from "../../http/origin.ts";
import { openBody, type RequestBody } from "../../http/request-body.ts";
import { sendOutput } from "../../http/send-output.ts";
import { waitForEnd } from "../../http/wait.ts";
import { checkUpload, dropUpload, type StoredUpload, storeUpload } from "../../intake/check.ts";
import { findJob, hasExpired } from "../../job-lookup.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, logError, newApi, publicError } from "../../problem.ts";
import { submit } from "../../submit.ts";
import type { DialectDeps } from "../dialect.ts";
import { type Labeled, labelField, labelParams } from "../label.ts";
import { errorOf, jobReply, presetOf, statusOf } from "./replies.ts";

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
export const NAME = "smileloop";
const TEXT_PARTS = {
  preset: { maxBytes: 1024 },
  engine: { maxBytes: 100 },
  mode: { maxBytes: 100 },
  label: { maxBytes: 100 },
};

/** `/animate`, `/job/{id}`, `/download/{id}`. */
export function smileloopRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));

  api.post("/animate", async (c) => {
    const body = openBody(c.req.raw, c.env);
    try {
      return await animate(deps, c, body);
    } catch (error) {
      return body.answer(refusal(deps, c, error));
    }
  });

  api.get("/job/:id", async (c) => {
    const record = await findJob(deps, ownerOf(c), canonicalId(c.req.param("id"))).catch(asNotFound);
    if (hasExpired(record, deps.clock.now())) throw notFound();
    return c.json(jobReply(record));
  });

  // other shapes of names are for other dialects
  api.get("/download/:id{[0-9A-Fa-f-]{32,36}}", (c) => download(deps, c, canonicalId(c.req.param("id"))));
  return api;
}

type Asked = Labeled & { preset: string; engine: string | undefined; upload: StoredUpload; modes: string[] };

async function animate(deps: DialectDeps, c: ApiContext, body: RequestBody): Promise<Response> {
  const owner = ownerOf(c);
  const form = emptyForm<StoredUpload>();
  let created: JobRecord;
  try {
    await readForm(deps, c, body, form);
    const asked = checkForm(
      deps,
      form,
      (c.req.queries("mode") ?? []).filter((mode) => mode !== ""),
    );
    await checkPicture(deps, owner, asked);
    created = await createJob(deps, owner, asked);
  } finally {
    // the job has its own copy
    for (const upload of form.files.values()) await dropUpload(deps, owner, upload.id);
  }
  // whether the client stays or goes: the job goes on, and a refusal that nobody reads is cleaned up as well
  const signal = new AbortController().signal;
  const record = await waitForEnd(deps, created, { ms: deps.waitMs, signal });
  const { id } = created;
  if (!record || record.state === "deleted" || record.state === "expired") throw notFound();
  if (record.state === "failed" || record.state === "canceled") throw await failureOf(deps, record, c.env.requestId);
  if (record.state === "succeeded" && wantsVideo(c, form)) return video(deps, c.req.raw, record);
  const reply = { job_id: id, status: statusOf(record), preset: presetOf(record), download_url: `/download/${id}` };
  return record.state === "succeeded"
    ? c.json(reply)
    : c.json(reply, 202, { Location: publicPath(deps.config, `/job/${id}`) });
}

function readForm(deps: ApiDeps, c: ApiContext, body: RequestBody, form: Form<StoredUpload>): Promise<void> {
  const spec = {
    fields: TEXT_PARTS,
    files: { source_image: { maxBytes: MAX_IMAGE_BYTES } },
    async onFile(_name: string, content: AsyncIterable<Uint8Array>) {
      // the preset came first and is wrong: nothing that follows can change the answer
      const preset = form.fields.get("preset");
      if (preset !== undefined) checkPreset(deps, preset);
      return storeUpload(deps, ownerOf(c), content, { maxBytes: MAX_IMAGE_BYTES });
    },
  };
  return readMultipart(body, c.req.raw.headers.get("content-type"), spec, form);
}

function checkForm(deps: ApiDeps, form: Form<StoredUpload>, query: string[]): Asked {
  const upload = form.files.get("source_image");
  const preset = form.fields.get("preset");
  const missing = ["source_image", "preset"]
    .filter((name) => !form.files.has(name) && !form.fields.has(name))
    .map((name) => ({ loc: ["body", name], msg: "Field required", type: "missing" }));
  const label = labelField.safeParse(form.fields.get("label"));
  const errors = [...missing, ...form.faults, ...(label.error ? fieldErrors(label.error, ["body", "label"]) : [])];
  if (!upload || preset === undefined || errors.length > 0) {
    throw new AppError("invalid_request", "Some parts of the form are not valid.", { errors });
  }
  checkPreset(deps, preset);
  const engine = filled(form, "engine");
  const engines = deps.kinds.get("animate")!.knownEngines;
  if (engine !== undefined && !engines.includes(engine)) {
    const names = [...engines].sort().join(", ");
    throw new AppError("invalid_request", `Unknown engine ${shown(engine)}. Choose from: ${names}`);
  }
  const mode = filled(form, "mode");
  return { preset, engine, label: label.data, upload, modes: mode === undefined ? query : [...query, mode] };
}

/** A `<select>` that is left as it is sends its name with nothing: the same as no part. */
function filled({ fields }: Form<StoredUpload>, name: string): string | undefined {
  return fields.get(name) || undefined;
}

function checkPreset({ presets }: ApiDeps, preset: string): void {
  if (presets.has(preset)) return;
  const names = [...presets.keys()].sort().join(", ");
  throw new AppError("invalid_request", `Unknown preset ${shown(preset)}. Choose from: ${names}`);
}

/** The mode is looked at between the kind of the file and the number of its pixels, as the original server did. */
async function checkPicture(deps: ApiDeps, owner: string, { upload, modes }: Asked): Promise<void> {
  const slot = { ...deps.kinds.get("animate")!.slots.image!, maxBytes: MAX_IMAGE_BYTES };
  const fault: unknown = await checkUpload(deps, owner, upload.id, slot).then(
    () => null,
    (error: unknown) => error,
  );
  if (hasCode(fault, "empty_file")) throw new AppError("empty_file", "Uploaded file is empty.");
  if (hasCode(fault, "unsupported_type")) {
    throw new AppError("unsupported_type", `Unsupported image type. ${(fault as Error).message}`);
  }
  if (new Set(modes).size > 1 || modes.some((mode) => mode !== "local" && mode !== "cloud")) {
    throw new AppError("malformed", "mode must be 'local' or 'cloud'");
  }
  if (fault) throw fault;
}

async function createJob(deps: DialectDeps, owner: string, asked: Asked): Promise<JobRecord> {
  const { preset, engine, upload } = asked;
  const { record } = await submit(deps, {
    owner,
    kind: "animate",
    inputs: { image: [{ upload: upload.id, source: "form" }] },
    params: { preset, ...(engine === undefined ? {} : { engine }), ...labelParams(asked) },
    dialect: NAME,
  }).catch((error: unknown) => {
    if (!hasCode(error, "engine_not_configured")) throw error;
    const missing = engine ?? "warp";
    const name = missing === "liveportrait" ? "LivePortrait" : missing;
    const help = missing === "liveportrait" ? " Set LIVEPORTRAIT_ROOT env var." : "";
    throw new AppError("engine_not_configured", `${name} inference engine is not configured.${help}`, { cause: error });
  });
  return record;
}

/** What the client is told of a job that came to nothing. When its own picture was at fault, the job goes. */
async function failureOf(deps: ApiDeps, record: JobRecord, requestId: string): Promise<AppError> {
  if (record.state === "canceled" || !record.error) return new AppError("canceled", errorOf(record));
  const { code, detail } = record.error;
  if (ERRORS[code].status < 500) {
    await deleteJob(deps, record.owner, record.id);
    return new AppError(code, detail);
  }
  deps.log.error({ requestId, jobId: record.id, code, detail }, "animation_failed");
  return new AppError("engine_failed", "Animation failed – no output produced. Check server logs.");
}

function wantsVideo(c: ApiContext, form: Form<StoredUpload>): boolean {
  if (form.fields.get("mode") === "local" || c.req.query("mode") === "local") return true;
  const supports = ["application/json", "video/mp4"];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === "video/mp4";
}

async function video(deps: ApiDeps, request: Request, record: JobRecord): Promise<Response> {
  const reply = await sendVideo(deps, request, record);
  const seconds = ((record.ended_at ?? 0) - (record.started_at ?? 0)) / 1000;
  reply.headers.set("X-Inference-Mode", "local");
  reply.headers.set("X-Inference-Time", `${seconds.toFixed(2)}s`);
  return reply;
}

async function download(deps: ApiDeps, c: ApiContext, id: string): Promise<Response> {
  const record = await findJob(deps, ownerOf(c), id).catch((error: unknown) => {
    throw hasCode(error, "gone") ? cleanedUp() : asNotFound(error);
  });
  if (hasExpired(record, deps.clock.now())) throw cleanedUp();
  if (record.state !== "succeeded") {
    throw new AppError("not_ready", `Job is not ready (status: ${statusOf(record)}).`);
  }
  return sendVideo(deps, c.req.raw, record);
}

function sendVideo(deps: ApiDeps, request: Request, record: JobRecord): Promise<Response> {
  if (!record.outputs.video) throw notFound();
  return sendOutput(deps, request, record, shownName(record, "video", deps.clock.now())).catch((error: unknown) => {
    throw hasCode(error, "not_found") ? cleanedUp() : error;
  });
}

function refusal(deps: ApiDeps, c: ApiContext, error: unknown): Response {
  logError(deps.log, error, c.env.requestId);
  const known = publicError(error);
  const status = known.status as ContentfulStatusCode;
  if (known.retryAfterSeconds !== undefined) c.header("Retry-After", String(known.retryAfterSeconds));
  if (error instanceof FileTooLarge) return c.json({ detail: tooLarge(deps, error.bytes) }, status);
  if (known.code === "internal") return c.json({ detail: known.message, request_id: c.env.requestId }, status);
  return c.json({ detail: known.code === "invalid_request" && known.errors ? known.errors : known.message }, status);
}

function tooLarge({ kinds }: ApiDeps, bytes: number | null): string {
  const limit = MAX_IMAGE_BYTES.toLocaleString("en-US");
  const size = bytes === null ? `more than ${limit}` : bytes.toLocaleString("en-US");
  const most = kinds.get("animate")!.slots.image!.maxBytes / 1024 ** 2;
  const larger = `Pictures of up to ${most} MiB can be sent with POST /v1/uploads and used in POST /v1/jobs.`;
  return `File too large (${size} bytes). Maximum is ${limit} bytes (10 MB). ${larger}`;
}

function asNotFound(error: unknown): never {
  throw hasCode(error, "not_found", "gone") ? notFound() : error;
}

function notFound(): AppError {
  return new AppError("not_found", "Job not found or expired.");
}

function cleanedUp(): AppError {
  return new AppError("gone", "Result file has been cleaned up.");
}
