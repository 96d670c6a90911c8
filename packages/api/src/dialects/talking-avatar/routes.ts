/**
 * The API of Talking Avatar: files are uploaded, `generate` makes a video of two of them. A façade: requests become jobs of kind `talk`,
 * jobs become its replies. Its errors are `{"detail": …}`.
 */

import { AppError, ERRORS, hasCode } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { shownName } from "@smileloop/core/job/may-read.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { spanOf } from "@smileloop/core/text.ts";
import type { ApiDeps } from "../../deps.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { sendOutput } from "../../http/send-output.ts";
import { dropUpload } from "../../intake/check.ts";
import { ownerOf } from "../../owner.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { submit } from "../../submit.ts";
import { answered, refusal } from "../detail.ts";
import type { DialectDeps } from "../dialect.ts";
import { endOf, reasonOf } from "../job-end.ts";
import { labelParams } from "../label.ts";
import { BASE, VERSION } from "./document.ts";
import { findTalk, findUpload, findVideo, KIND, PARTS, type Part, partOfName, receiveFile } from "./files.ts";
import { jobReply, resultOf } from "./replies.ts";
import { readAsked } from "./request.ts";

export const NAME = "talking-avatar";

export function talkingAvatarRoutes(deps: DialectDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));

  api.get(`${BASE}/health`, (c) => c.json({ status: "healthy", version: VERSION, device: deviceOf(deps) }));
  for (const part of Object.values(PARTS)) {
    api.post(`${BASE}/upload/${part.slot}`, (c) => answered(deps, c, (body) => upload(deps, c, body, part)));
  }
  api.post(`${BASE}/generate`, (c) => answered(deps, c, (body) => generate(deps, c, body)));
  api.post(`${BASE}/generate/async`, (c) =>
    answered(deps, c, async (body) => c.json(jobReply((await start(deps, c, body)).record, deps.clock.now()))),
  );
  api.get(`${BASE}/status/:id`, async (c) => {
    const record = await findTalk(deps, ownerOf(c), canonicalId(c.req.param("id")));
    return c.json(jobReply(record, deps.clock.now()));
  });
  api.get(`${BASE}/download/:filename`, async (c) => {
    const record = await findVideo(deps, ownerOf(c), c.req.param("filename"));
    return sendOutput(deps, c.req.raw, record, shownName(record, "video", deps.clock.now())).catch((error: unknown) => {
      throw hasCode(error, "not_found") ? new AppError("not_found", "Video not found") : error;
    });
  });
  api.delete(`${BASE}/cleanup/:filename`, async (c) => {
    const filename = c.req.param("filename");
    await cleanUp(deps, ownerOf(c), filename);
    return c.json({ message: `File ${filename} deleted successfully` });
  });
  return api;
}

async function upload(deps: DialectDeps, c: ApiContext, body: RequestBody, part: Part): Promise<Response> {
  const contentType = c.req.raw.headers.get("content-type");
  const filename = await receiveFile(deps, ownerOf(c), { body, contentType }, part);
  return c.json({ filename, message: `${part.title} uploaded successfully` });
}

type Started = { record: JobRecord; uploads: Record<Part["slot"], string> };

async function start(deps: DialectDeps, c: ApiContext, body: RequestBody): Promise<Started> {
  const owner = ownerOf(c);
  const asked = await readAsked(body);
  const { image_filename, audio_filename, output_fps, output_resolution } = asked;
  const uploads = {
    image: await findUpload(deps, owner, image_filename, PARTS.image),
    audio: await findUpload(deps, owner, audio_filename, PARTS.audio),
  };
  if (!deps.kinds.has(KIND)) throw noEngine();
  const { record } = await submit(deps, {
    owner,
    kind: KIND,
    inputs: { image: [{ upload: uploads.image }], audio: [{ upload: uploads.audio }] },
    params: { fps: output_fps, size: output_resolution, exact_size: true, ...labelParams(asked) },
    dialect: NAME,
  }).catch((error: unknown) => {
    throw hasCode(error, "engine_not_configured") ? noEngine() : error;
  });
  return { record, uploads };
}

function noEngine(): AppError {
  return new AppError("engine_not_configured", "There is no engine here that makes faces talk.");
}

async function generate(deps: DialectDeps, c: ApiContext, body: RequestBody): Promise<Response> {
  const { record, uploads } = await start(deps, c, body);
  const ended = await endOf(deps, record, c.req.raw.signal);
  if (ended === null) {
    const span = spanOf(deps.waitMs);
    return c.json({ detail: `The video was not ready within ${span} and was canceled. ${ASYNC}` }, 504);
  }
  if (ended.state === "succeeded") return c.json(resultOf(ended));
  throw await failureOf(deps, c, { record: ended, uploads });
}

const ASYNC = `For long ones use POST ${BASE}/generate/async, which does not wait.`;

/** What the client is told of a job that came to nothing. When its own file was at fault, that and the job go. */
async function failureOf(deps: DialectDeps, c: ApiContext, { record, uploads }: Started): Promise<AppError> {
  const { owner, id, error } = record;
  if (record.state !== "failed" || !error) return new AppError("canceled", "The job was canceled.");
  const reason = reasonOf(error);
  if (ERRORS[error.code].status >= 500) {
    deps.log.error({ requestId: c.env.requestId, jobId: id, code: error.code, detail: error.detail }, "talk_failed");
    return new AppError("engine_failed", reason);
  }
  await deleteJob(deps, owner, id);
  const part = Object.values(PARTS).find(({ slot }) => slot === error.input);
  if (part) await dropUpload(deps, owner, uploads[part.slot]);
  if (part && error.code === "unsupported_type") return new AppError("malformed", part.refusal);
  const loc = part ? ["body", part.field] : ["body"];
  return new AppError(error.code, reason, { errors: [{ loc, msg: reason, type: error.code }] });
}

/** Deletes an upload, or the job whose video has this name. Throws `not_found`. */
async function cleanUp(deps: ApiDeps, owner: string, filename: string): Promise<void> {
  // what is not one of this dialect's files is not there
  const missing = (error: unknown) => {
    throw error instanceof AppError && error.status < 500 ? new AppError("not_found", "File not found") : error;
  };
  const part = partOfName(filename);
  if (part) await dropUpload(deps, owner, await findUpload(deps, owner, filename, part).catch(missing));
  else await deleteJob(deps, owner, (await findVideo(deps, owner, filename).catch(missing)).id);
}

/** Where the engine that makes these videos computes. */
function deviceOf({ kinds }: ApiDeps): "cpu" | "cuda" {
  return kinds.get(KIND)?.engines[0] === "liveportrait" ? "cuda" : "cpu";
}
