/**
 * The caller's jobs of lip sync, for the dialects that make and show them: one, all, old ones that go; and what their clients are told of
 * each: how far it is, where its inputs came from, a link to its video.
 */

import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { shownName } from "@smileloop/core/job/may-read.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import type { ApiDeps } from "../deps.ts";
import { absoluteLink, linkOrigin } from "../http/origin.ts";
import { findJob, hasExpired } from "../job-lookup.ts";
import { outputFileName, outputLink } from "../view.ts";
import { audioPath } from "./audio-path.ts";

/** The kind of the jobs that these dialects make and show. */
export const KIND = "lipsync";
export const OUTPUT = "video";

const HOUR_MS = 3_600_000;
const PAGE = 100;
/** Records of the owner, of any kind, that one request reads at most. */
const MAX_READ = 2000;

/** Throws `not_found` as clients know it, also for jobs that were deleted. */
export async function findLipsync(deps: ApiDeps, owner: string, id: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Job not found");
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  if (record.kind !== KIND) throw missing();
  return record;
}

/** The newest first, however they were made. */
export async function listLipsync({ records }: ApiDeps, owner: string, signal: AbortSignal): Promise<JobRecord[]> {
  const found: JobRecord[] = [];
  let cursor: string | undefined;
  for (let read = 0; read < MAX_READ && !signal.aborted; read += PAGE) {
    const page = await records.list(owner, { limit: PAGE, cursor });
    found.push(...page.records.filter(({ kind, state }) => kind === KIND && state !== "deleted"));
    if (page.cursor === null) break;
    cursor = page.cursor;
  }
  return found;
}

/** Deletes those that ended so long ago, with what is left of them; returns how many. */
export async function cleanUp(deps: ApiDeps, owner: string, asked: { hours: number; signal: AbortSignal }) {
  const beforeMs = deps.clock.now() - asked.hours * HOUR_MS;
  const isOld = ({ state, ended_at }: JobRecord) =>
    (isEnded(state) || state === "expired") && ended_at !== null && ended_at <= beforeMs;
  const old = (await listLipsync(deps, owner, asked.signal)).filter(isOld);
  for (const { id } of old) {
    await deleteJob(deps, owner, id).catch((error: unknown) => {
      if (!hasCode(error, "not_found")) throw error;
    });
  }
  return old.length;
}

export type LipsyncStatus = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED";

/** A job that is tried again is still in progress. What has expired has failed for those who come now. */
export function statusOf(record: JobRecord, nowMs: number): LipsyncStatus {
  const { state, attempt } = record;
  if (state === "queued") return attempt === 0 ? "PENDING" : "PROCESSING";
  if (state === "running" || state === "waiting" || state === "canceling") return "PROCESSING";
  return state === "succeeded" && !hasExpired(record, nowMs) ? "COMPLETED" : "FAILED";
}

/** As the client gave it, without its query; for jobs that came in another way, what their record says. Null without any. */
export function urlOf({ metadata, inputs, fetches = [] }: JobRecord, slot: "video" | "audio"): string | null {
  const given = metadata[`${slot}_url`];
  if (given !== undefined) return given;
  const source = inputs[slot]?.[0]?.source ?? fetches.find((each) => each.slot === slot)?.source;
  const [, url] = /^url:(.*)$/.exec(source ?? "") ?? [];
  if (url !== undefined) return url;
  const [, job, output] = /^job:([0-9a-f]{32})\/(.*)$/.exec(source ?? "") ?? [];
  if (job === undefined) return null;
  return output === "audio" ? audioPath({ id: job }) : `/v1/jobs/${job}/outputs/${output}`;
}

/** A link to the video that needs no token. `fits`: the form of names that the dialect lets clients give their video (`output_filename`). */
export async function videoLink(deps: ApiDeps, request: Request, record: JobRecord, fits: RegExp): Promise<string> {
  const now = deps.clock.now();
  const output = shownName(record, OUTPUT, now);
  const ending = endingOf(record.outputs[output]?.type ?? "video/mp4");
  const { output_filename: name } = record.metadata;
  // jobs that came in another way may have any text there
  const fileName = fits.test(name ?? "") ? `${name}.${ending}` : outputFileName(record, output);
  const link = await outputLink(deps, record, output, { method: "GET", now, fileName });
  return absoluteLink(linkOrigin(deps.config, request), link);
}
