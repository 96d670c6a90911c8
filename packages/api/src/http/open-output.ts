/** An output on its way to a client. */
import { AppError } from "@smileloop/core/errors.ts";
import { outputOfKey } from "@smileloop/core/job/keys.ts";
import { PAID, readableOutput } from "@smileloop/core/job/may-read.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { ApiDeps } from "../deps.ts";
import { present } from "../job-lookup.ts";

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

/** The job once its paid files are handed out. Throws what `readableOutput` throws, and `not_found` where nothing is sold. */
export async function handOut(deps: ApiDeps, record: JobRecord): Promise<JobRecord> {
  if (!record.charge) throw new AppError("not_found", "This job is free: its outputs have their links already.");
  const sold = Object.keys(record.outputs).filter((name) => record.outputs[name]!.access === PAID);
  if (sold.length === 0) throw new AppError("not_ready", `There is no result: the job is ${record.state}.`);
  for (const name of sold) await openOutput(deps, record, name);
  const stored = await deps.records.get(record.owner, record.id);
  return present(stored?.record ?? null, record.id, deps.clock.now());
}

/**
 * Outputs that a signed link leads to are asked for again: a payment may have been taken back since the link was made. Throws like
 * `readableOutput`; nothing for other files.
 */
export async function checkReadable({ records, clock }: ApiDeps, key: string): Promise<void> {
  const of = outputOfKey(key);
  if (!of) return;
  const record = (await records.get(of.owner, of.id))?.record;
  const [name] = Object.entries(record?.outputs ?? {}).find(([, output]) => output.key === key) ?? [];
  if (!record || name === undefined) throw new AppError("not_found", "There is no such file any more.");
  readableOutput(record, name, of.owner, clock.now());
}
