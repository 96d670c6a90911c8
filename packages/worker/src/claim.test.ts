import { newId } from "@smileloop/core/job/ids.ts";
import { type NewJob, newJobRecord } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { expect, test } from "vitest";
import { manualClock } from "../../../test/support/manual-clock.ts";
import { holdClaim } from "./claim.ts";

test("where the queue does not answer, the lease is renewed no more often, and a cancel is still heard of", async () => {
  const clock = manualClock();
  // only beats can hear of a change
  const records = { ...memoryRecords({ clock }), changed: () => new Promise<void>(() => {}) };
  const job: NewJob = {
    ...{ id: newId(clock.now()), owner: "ann", kind: "animate", queue: "warp", engine: "warp" },
    ...{ estimateSeconds: 1, params: {}, metadata: {}, inputs: {} },
  };
  await records.create(newJobRecord(job, clock.now()));
  const token = "mine";
  const claimed = await updateJob({ records, clock }, "ann", job.id, () => ({
    ...({ by: "worker", do: "claim", token, worker: "here", leaseAlive: false } as const),
  }));
  const claim = holdClaim({
    store: { records, clock },
    stored: claimed.stored!,
    token,
    times: { beatMs: 15_000, lookMs: 3_600_000, progressMs: 500 },
    log: createLog({ level: "silent" }),
    onBeat: () => Promise.reject(new Error("no answer")),
  });
  const revBefore = claimed.stored!.record.rev;
  await clock.advance(60_000);
  expect((await records.get("ann", job.id))!.record.rev - revBefore).toBe(4);
  await updateJob({ records, clock }, "ann", job.id, () => ({ by: "api", do: "cancel" }));
  await clock.advance(15_000);
  expect(claim.verdict()).toBe("canceling");
  await claim.release();
});
