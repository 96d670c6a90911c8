/** What the record of a job keeps, and what it forgets. */

import { expect, test } from "vitest";
import { asked, CHANGES, changed, claimed, jobIn, NOW, queuedJob } from "../../../../test/support/job-changes.ts";
import { ERRORS } from "../errors.ts";
import { newCharge } from "./charge.ts";
import { jobRecordSchema, newJobRecord } from "./record.ts";
import { newWebhook } from "./webhook.ts";

test("tombstones hold no file and no claim; a deleted one nothing that the client wrote", () => {
  expect(jobIn("expired")).toMatchObject({ inputs: {}, outputs: {}, claim: null, params: { preset: "smile" } });
  for (const state of ["queued", "running", "canceling", "succeeded"] as const) {
    const deleted = changed(jobIn(state), CHANGES.delete, NOW + 7);
    expect(deleted).toMatchObject({
      inputs: {},
      outputs: {},
      claim: null,
      params: {},
      metadata: {},
      closed_at: NOW + 7,
    });
    expect(JSON.stringify(deleted)).not.toMatch(/smile|order|image\/0|video\.mp4/);
  }
});

test("tombstones keep the code of an error, and none of its words", () => {
  const detail = "Row 3 of Ada's clip is damaged.";
  const failed = changed(claimed(queuedJob()), {
    by: "holder",
    do: "fail",
    token: "mine",
    error: { code: "no_face", detail },
  });
  expect(failed).toMatchObject({ state: "failed", error: { detail } });
  const expired = changed(failed, { by: "sweeper", do: "expire" }, failed.expires_at!);
  const deleted = changed(failed, { by: "api", do: "delete" });
  for (const closed of [expired, deleted]) {
    expect(closed).toMatchObject({
      attempts: [],
      warnings: [],
      error: { code: "no_face", detail: ERRORS.no_face.title },
    });
    expect(JSON.stringify(closed)).not.toContain("Ada");
  }
});

test("the tombstone of a job that never ended counts from its deletion", () => {
  expect(queuedJob().expires_at).toBeNull();
  const deleted = changed(queuedJob(), { by: "api", do: "delete" }, 5_000_000);
  expect(deleted).toMatchObject({ state: "deleted", ended_at: 5_000_000, expires_at: 5_000_000, closed_at: 5_000_000 });
});

test("a record takes the beginning of what is too long", () => {
  const long = "x".repeat(1e4);
  const error = { code: "no_face", detail: long } as const;
  const failed = changed(claimed(queuedJob()), { by: "holder", do: "fail", token: "mine", error });
  const succeeded = changed(claimed(queuedJob()), {
    ...{ by: "holder", do: "succeed", token: "mine", outputs: {}, engineVersion: "1" },
    warnings: Array.from({ length: 100 }, () => ({ code: "w", detail: long })),
    timings: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}${long}`, 1])),
  });
  for (const record of [failed, succeeded]) {
    expect(JSON.stringify(record).length).toBeLessThan(20_000);
    expect(jobRecordSchema.parse(record)).toEqual(record);
  }
  expect(failed.error!.detail).toHaveLength(500);
  expect(succeeded.warnings).toHaveLength(20);
});

test("a deleted job keeps nothing of what it was asked and promised", () => {
  const webhook = newWebhook({ url: "secret", base: "secret" });
  const more = {
    webhook,
    charge: newCharge("p", { amount: 499, currency: "eur", version: "1" }, 1),
    consent: { by: "secret" },
  };
  const job = { ...asked(queuedJob()), engine: null, estimateSeconds: 1, ...more };
  const record = { ...newJobRecord(job, NOW), external: { provider: "sync", id: "secret" } };
  const deleted = changed(record, CHANGES.delete);
  expect(JSON.stringify(deleted)).not.toMatch(/secret/);
  // late news of a payment have to find what became of it
  expect(deleted.charge).toEqual(more.charge);
  expect(jobRecordSchema.parse(deleted).engine).toBeNull();
});
