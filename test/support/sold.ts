/** Jobs that are for sale, finished, as workers leave them. */
import { type Charge, newCharge } from "@smileloop/core/job/charge.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { type JobOutput, type JobRecord, newJobRecord, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import { pngBytes, type TestApi } from "./api.ts";

export const CLEAN = "CLEAN-FILE-THAT-HAS-TO-BE-PAID";
export const QUOTE = { amount: 499, currency: "eur", version: "2026-11" };
const DAY_MS = 24 * 3_600_000;

/** What anybody may have. */
export const MARKED: Readonly<Record<string, Uint8Array>> = {
  preview: Buffer.from("a preview with a mark"),
  poster: Buffer.from("a poster with a mark"),
};

/** A file with its text in it; of pictures also a header that the API takes. */
export function cleanFile(type: string): Uint8Array {
  const text = Buffer.from(`${CLEAN} `.repeat(20));
  return type === "image/png" ? Buffer.concat([pngBytes(640, 480, 100), text]) : text;
}

export const unpaid = (): Charge => newCharge("stripe", QUOTE, DAY_MS);

export const paid = (more: Partial<Charge> = {}): Charge => ({
  ...unpaid(),
  ...{ state: "paid", session: "cs_test_1", payment: "pi_1", paid_at: 1 },
  sessions: [{ id: "cs_test_1", expires_at: 1, open: false }],
  ...more,
});

export type Sold = { kind: string; output: string; type: string };

/** Writes the files and the record of a job that has succeeded; `more` overrides the record. */
export async function sell(
  { deps, clock }: Pick<TestApi, "deps" | "clock">,
  { kind, output, type }: Sold,
  more: Partial<JobRecord> = {},
): Promise<JobRecord> {
  const { owner = "local", id = newId(clock.now()) } = more;
  const stored = async (name: string, content: Uint8Array, facts: Partial<JobOutput> & { type: string }) => {
    const key = outputKey(owner, id, 1, `${name}.bin`);
    const { bytes, sha256 } = await deps.files.put(key, only(content), { type: facts.type });
    return { key, attempt: 1, bytes, sha256, ...facts };
  };
  const now = clock.now();
  const fresh = newJobRecord(
    {
      ...{ id, owner, kind, queue: "warp", params: {}, metadata: {}, inputs: {}, engine: "warp", estimateSeconds: 1 },
    },
    now,
  );
  const record: JobRecord = {
    ...fresh,
    ...{ state: "succeeded", attempt: 1, started_at: now, ended_at: now, expires_at: now + RESULT_LIFE_MS },
    outputs: {
      [output]: await stored(output, cleanFile(type), { type, access: "paid" }),
      preview: await stored("preview", MARKED.preview!, { type: "video/mp4", access: "open" }),
      poster: await stored("poster", MARKED.poster!, { type: "image/jpeg", access: "open" }),
    },
    charge: unpaid(),
    ...more,
  };
  return (await deps.records.create(record)).record;
}

export async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
