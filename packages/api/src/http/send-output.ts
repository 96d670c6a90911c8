/** A finished file as a reply. */
import { readableOutput } from "@smileloop/core/job/may-read.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../deps.ts";
import { outputFileName, outputLink } from "../view.ts";
import { openOutput } from "./open-output.ts";
import { absoluteLink, linkOrigin } from "./origin.ts";
import { dispositionOf, sendFile } from "./send-file.ts";

/** Larger files are fetched from the storage itself, where that can be asked. */
const MAX_SERVED_BYTES = 4 * 1024 * 1024;

/** `whole`: for clients that do not follow redirects, large files are passed on where replies may be of any size. */
type SendOutputOptions = { inline?: boolean; fileName?: string; whole?: boolean };

/**
 * The file, with ranges and conditions, or where the storage serves it. Throws what `readableOutput` throws, and `not_found` when the
 * file is not there any more.
 */
export async function sendOutput(
  deps: ApiDeps,
  request: Request,
  record: JobRecord,
  name: string,
  { inline = false, fileName = outputFileName(record, name), whole = false }: SendOutputOptions = {},
): Promise<Response> {
  const served = deps.localLinks !== null || (whole && deps.config.largeReplies);
  // a HEAD hands nothing out, as a link to the storage does
  const isAsked = served && request.method === "HEAD";
  const output = isAsked
    ? readableOutput(record, name, record.owner, deps.clock.now())
    : await openOutput(deps, record, name);
  if (!served && output.bytes > MAX_SERVED_BYTES) {
    const method = request.method === "HEAD" ? "HEAD" : "GET";
    const link = await outputLink(deps, record, name, { method, now: deps.clock.now(), inline, fileName });
    const Location = absoluteLink(linkOrigin(deps.config, request), link);
    // what answers a POST is fetched by GET
    return new Response(null, { status: request.method === "POST" ? 303 : 302, headers: { Location } });
  }
  const disposition = dispositionOf(fileName, inline);
  return sendFile(deps, request, output.key, { type: output.type, disposition });
}
