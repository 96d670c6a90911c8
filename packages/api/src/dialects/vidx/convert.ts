/** `POST /convert`: a video comes in, the request waits, and an MP4 that plays everywhere goes out. */
import { AppError, ERRORS } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { spanOf } from "@smileloop/core/text.ts";
import { emptyForm } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { sendOutput } from "../../http/send-output.ts";
import type { StoredUpload } from "../../intake/check.ts";
import { ownerOf } from "../../owner.ts";
import type { ApiContext } from "../../problem.ts";
import { submit } from "../../submit.ts";
import type { DialectDeps } from "../dialect.ts";
import { dropAll } from "../form-uploads.ts";
import { endOf, reasonOf } from "../job-end.ts";
import { inputsOf, receive, throwInTheirWords } from "./files.ts";
import { CONVERT, NAME } from "./names.ts";
import { notValid } from "./request.ts";

const FILES = { base_video: "video" };
const FIELDS = { crf: { maxBytes: 100 }, preset: { maxBytes: 100 }, audio_bitrate: { maxBytes: 100 } };

/** If the client leaves, the job is canceled. */
export async function convertVideo(deps: DialectDeps, c: ApiContext, body: RequestBody): Promise<Response> {
  const request = c.req.raw;
  const created = await start(deps, ownerOf(c), { body, contentType: request.headers.get("content-type") });
  const ended = await endOf(deps, created, request.signal);
  if (ended === null) {
    const why = `The video was not ready within ${spanOf(deps.waitMs)} and was canceled.`;
    return c.json({ detail: `${why} POST /v1/jobs with the kind '${CONVERT.kind}' does not wait.` }, 504);
  }
  if (ended.state !== "succeeded") throw await failureOf(deps, ended);
  return sendOutput(deps, request, ended, CONVERT.output, { fileName: CONVERT.fileName, whole: true });
}

type Incoming = { body: RequestBody; contentType: string | null };

async function start(deps: DialectDeps, owner: string, incoming: Incoming): Promise<JobRecord> {
  const kind = deps.kinds.get(CONVERT.kind);
  if (!kind) throw new AppError("engine_not_configured", "Nothing here converts videos.");
  const form = emptyForm<StoredUpload>();
  try {
    await receive(deps, owner, incoming, { fields: FIELDS, files: FILES, kind }, form);
    const missing =
      form.files.size > 0 ? [] : [{ loc: ["body", "base_video"], msg: "Field required", type: "missing" }];
    const faults = [...missing, ...form.faults];
    if (faults.length > 0) throw notValid(faults);
    const sent = [...form.fields].filter(([, text]) => text !== "");
    const params = Object.fromEntries(
      sent.map(([name, text]) => [name, name === "crf" && /^\s*-?\d{1,4}\s*$/.test(text) ? Number(text) : text]),
    );
    const inputs = inputsOf(form, FILES);
    const asked = { owner, kind: kind.name, inputs, params, dialect: NAME };
    return (await submit(deps, asked).catch(throwInTheirWords)).record;
  } finally {
    await dropAll(deps, owner, form);
  }
}

/** What the client is told of a job that came to nothing. Where its file was at fault, the job goes. */
async function failureOf(deps: DialectDeps, { owner, id, state, error }: JobRecord): Promise<AppError> {
  if (state !== "failed" || !error) return new AppError("canceled", "The job was canceled.");
  const reason = reasonOf(error);
  if (ERRORS[error.code].status >= 500) {
    deps.log.error({ jobId: id, code: error.code, detail: error.detail }, "convert_failed");
    return new AppError("engine_failed", reason);
  }
  await deleteJob(deps, owner, id);
  return new AppError(error.code, reason, { errors: [{ loc: ["body", "base_video"], msg: reason, type: error.code }] });
}
