/**
 * What became of each payment, kept apart from the jobs, which are gone within days: a dispute may come after months, and books have to be
 * kept. One small object for each thing that happened, written once. No picture, no name.
 */

import { z } from "zod";
import type { Audit } from "../audit/audit-log.ts";
import { hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { paymentKey } from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";

export const LEDGER_EVENTS = ["opened", "paid", "refunded", "disputed", "wrong"] as const;
export type LedgerEvent = (typeof LEDGER_EVENTS)[number];

const entrySchema = z.object({
  job: z.string(),
  owner: z.string(),
  amount: z.int(),
  currency: z.string(),
  price_version: z.string(),
  at: z.int(),
  why: z.string().optional(),
});
export type LedgerEntry = z.infer<typeof entrySchema>;

/** What is noted of a job that is for sale. */
export function entryOf({ id: job, owner, charge }: JobRecord, at: number): LedgerEntry {
  const { amount, currency, version } = charge!.quote;
  return { job, owner, amount, currency, price_version: version, at };
}

/** `audit`: has a line of each payment, and of each that went back. */
type Books = { files: Pick<Files, "put">; audit?: Pick<Audit, "tell"> | undefined };

/** Notes what happened; what was noted before stays as it is, and is not told to the audit again. */
export async function noteEvent(
  { files, audit }: Books,
  session: string,
  what: LedgerEvent,
  entry: LedgerEntry,
): Promise<void> {
  try {
    await files.put(paymentKey(session, `${what}.json`), one(JSON.stringify(entry)), { type: "application/json" });
  } catch (error) {
    if (!hasCode(error, "already_exists")) throw error;
    return;
  }
  if (what !== "paid" && what !== "refunded") return;
  const { job, owner, amount, currency, why } = entry;
  await audit?.tell({ kind: what, owner, details: { job, amount, currency, why } });
}

/** How a session was opened; null for one that was not opened here. */
export async function openedHere(files: Files, session: string): Promise<LedgerEntry | null> {
  try {
    const stored = await files.get(paymentKey(session, "opened.json"));
    return entrySchema.parse(await new Response(stored.body).json());
  } catch (error) {
    if (hasCode(error, "not_found")) return null;
    throw error;
  }
}

export async function isNoted(files: Files, session: string, what: LedgerEvent): Promise<boolean> {
  const key = paymentKey(session, `${what}.json`);
  for await (const found of files.list(key)) if (found.key === key) return true;
  return false;
}

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
