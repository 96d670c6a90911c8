/** The files of this dialect: those that come in a form, and the results by their names. */

import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { type ProcessorName, processorEntry } from "@smileloop/core/faces/processors.ts";
import { shownName } from "@smileloop/core/job/may-read.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import type { ApiDeps } from "../../deps.ts";
import { type Form, readMultipart } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { sendOutput } from "../../http/send-output.ts";
import { checkUpload, type StoredUpload, storeUpload } from "../../intake/check.ts";
import { findJob, hasExpired } from "../../job-lookup.ts";
import { naming } from "../../submit.ts";
import { reasonOf } from "../job-end.ts";
import { idOfName, type Medium, mediumOf, outputName } from "./names.ts";
import { TEXT_PARTS } from "./request.ts";

/** Each processor that takes a source may have one. */
const MAX_SOURCES = 8;

/** Reads a form into `form`, its files as uploads. Throws what `readMultipart` throws. */
export function receive(
  deps: ApiDeps,
  owner: string,
  { body, contentType }: { body: RequestBody; contentType: string | null },
  form: Form<StoredUpload>,
): Promise<void> {
  const maxBytes = deps.config.maxFormFileBytes;
  const files = { target: { maxBytes }, source: { maxBytes, most: MAX_SOURCES } };
  const onFile = (_name: string, content: AsyncIterable<Uint8Array>) => storeUpload(deps, owner, content, { maxBytes });
  return readMultipart(body, contentType, { fields: TEXT_PARTS, files, onFile }, form);
}

type Given = { target: StoredUpload; sources: StoredUpload[]; names: ProcessorName[] };

/** Throws `malformed`, as clients know it, for files that are not what they should be, and what else their headers tell. */
export async function checkFiles(
  deps: ApiDeps,
  owner: string,
  given: Given,
  { medium, kind }: { medium: Medium; kind: Kind },
): Promise<void> {
  const { target, sources, names } = given;
  const notTarget = `Target file is not a valid ${medium.noun}`;
  await typeOf(deps, owner, target, { slot: kind.slots.target!, loc: ["body", "target"], refusal: notTarget });
  const wanted = new Set(names.flatMap((name) => processorEntry(name).source ?? []));
  if (wanted.size > 0 && sources.length === 0) {
    throw new AppError("malformed", "Source file is required for the selected processors");
  }
  const notSource = `Source file is not a valid ${wanted.has("image") || wanted.size === 0 ? "image" : "audio"}`;
  for (const source of sources) {
    const slot = kind.slots.source!;
    const type = await typeOf(deps, owner, source, { slot, loc: ["body", "source"], refusal: notSource });
    const medium = mediaClassOf(type);
    // one that no processor takes is refused in other words
    if (wanted.size > 0 && !wanted.has(medium as "image" | "audio")) throw new AppError("malformed", notSource);
  }
}

type Check = { slot: Kind["slots"][string]; loc: string[]; refusal: string };

async function typeOf(deps: ApiDeps, owner: string, { id }: StoredUpload, { slot, loc, refusal }: Check) {
  const { type } = await naming(loc, checkUpload(deps, owner, id, slot)).catch((error: unknown) => {
    if (!hasCode(error, "unsupported_type", "empty_file", "input_unreadable")) throw error;
    throw new AppError("malformed", refusal, { cause: error });
  });
  return type;
}

const notFound = () => new AppError("not_found", "Output file not found");

/** The job whose result has this name, ended or not. Throws `not_found`. */
async function findNamed(deps: ApiDeps, owner: string, name: string): Promise<{ record: JobRecord; medium: Medium }> {
  const id = idOfName(name);
  if (id === null) throw notFound();
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? notFound() : error;
  });
  const medium = mediumOf(record);
  if (!medium || outputName(record, medium) !== name || hasExpired(record, deps.clock.now())) throw notFound();
  return { record, medium };
}

/**
 * The finished file. `cleanup`: it and its job are deleted once all of it was taken. Throws `not_found`; `not_ready` while the job goes on,
 * and what the job came to when it has failed.
 */
export async function download(
  deps: ApiDeps,
  request: Request,
  { owner, name, cleanup }: { owner: string; name: string; cleanup: boolean },
): Promise<Response> {
  const { record, medium } = await findNamed(deps, owner, name);
  if (record.error) throw new AppError(record.error.code, reasonOf(record.error));
  if (record.state === "canceled") throw notFound();
  if (record.state !== "succeeded") throw new AppError("not_ready", "Output file is not ready yet; ask again.");
  const output = shownName(record, medium.output, deps.clock.now());
  const reply = await sendOutput(deps, request, record, output, { fileName: name }).catch((error: unknown) => {
    throw hasCode(error, "not_found") ? notFound() : error;
  });
  if (!cleanup || request.method !== "GET" || reply.status !== 200 || !reply.body) return reply;
  const { status, headers } = reply;
  const body = whenTaken(reply.body, async () => {
    await deleteJob(deps, owner, record.id).catch((error: unknown) => {
      // the whole file is out; what is left goes with its hour
      if (!hasCode(error, "not_found")) deps.log.warn({ jobId: record.id, err: error }, "cleanup_failed");
    });
  });
  return new Response(body, { status, headers });
}

/** Deletes a result with its job. Throws `not_found`. */
export async function deleteOutput(deps: ApiDeps, owner: string, name: string): Promise<void> {
  const { record } = await findNamed(deps, owner, name);
  if (record.state !== "succeeded") throw notFound();
  await deleteJob(deps, owner, record.id);
}

/** Calls `then` when somebody has taken all of the body; not where it was left before its end. */
function whenTaken(body: ReadableStream<Uint8Array>, then: () => Promise<void>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        await then();
        controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // nothing is read ahead: the end is asked for when the last bytes were taken over
    { highWaterMark: 0 },
  );
}
