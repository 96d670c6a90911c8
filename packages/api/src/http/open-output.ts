/** An output on its way to a client. */
import { PAID, readableOutput } from "@smileloop/core/job/may-read.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { ApiDeps } from "../deps.ts";

/**
 * The output, which its bytes or a link to them may follow. That a paid one is handed out is noted before: from then on the payment can't be
 * withdrawn from any more, and once it is, nothing is handed out. Throws what `readableOutput` throws.
 */
export async function openOutput(deps: ApiDeps, record: JobRecord, name: string): Promise<JobOutput> {
  const { owner, id, charge } = record;
  const output = readableOutput(record, name, owner, deps.clock.now());
  if (output.access !== PAID || charge?.supplied_at !== undefined) return output;
  const { stored } = await updateJob(deps, owner, id, () => ({ by: "api", do: "supply" }));
  return readableOutput(stored?.record ?? { ...record, outputs: {} }, name, owner, deps.clock.now());
}
