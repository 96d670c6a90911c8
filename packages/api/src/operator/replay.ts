/** A job that has ended without a result, sent again with the same inputs and params. */
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { replayedJob, sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import type { RouteDeps } from "../deps.ts";
import { hasExpired } from "../job-lookup.ts";
import { submit } from "../submit.ts";

/** Why it cannot be sent again; null where it can. */
export function replayFault(record: JobRecord, nowMs: number): string | null {
  const { state, root, had_secrets, fetches } = record;
  if (root !== undefined) return "It is a part of another job; replay that one.";
  if (hasExpired(record, nowMs) || state === "deleted") return "Its files are gone.";
  if (state !== "failed" && state !== "canceled") return `Only jobs that failed or were canceled are; it is ${state}.`;
  if (had_secrets) return "It had a secret param, which was deleted when it ended. Its client has to send it again.";
  if (fetches) return "An input was never fetched, and its address was deleted. Its client has to send it again.";
  return null;
}

/**
 * A record never leaves the state that it ended in, so this is a new job of the same owner, which copies the inputs as long as they are
 * there. Once for each job: a second request gets the same one. Throws `conflict`, and what `submit` throws.
 */
export async function replay(deps: RouteDeps, record: JobRecord): Promise<{ record: JobRecord; replayed: boolean }> {
  const { owner, id, kind, params, metadata, dialect, webhook: was } = record;
  const idempotency = { keySha256: sha256Hex(`replay:${id}`), bodySha256: sha256Hex("replay") };
  const earlier = await replayedJob(deps, owner, idempotency);
  if (earlier) return { record: earlier, replayed: true };
  const fault = replayFault(record, deps.clock.now());
  if (fault !== null) throw new AppError("conflict", `The job cannot be replayed. ${fault}`);
  const inputs = Object.fromEntries(
    Object.entries(record.inputs).map(([slot, files]) => [
      slot,
      files.map((_, nth) => ({ job: id, input: slot, nth })),
    ]),
  );
  const webhook = was && { url: was.url, base: was.base, loc: ["webhook"] };
  const asked = { owner, kind, params, metadata, inputs, idempotency, ...(webhook && { webhook }) };
  return submit(deps, dialect === null ? asked : { ...asked, dialect });
}
