import { expect, test } from "vitest";
import { type Charge, newCharge } from "./charge.ts";
import { mayRead, readableOutput, shownName } from "./may-read.ts";
import { type JobRecord, newJobRecord } from "./record.ts";

const NOW = 1000;
const quote = { amount: 499, currency: "eur", version: "1" };
const PAID: Charge = { ...newCharge("stripe", quote, 1), state: "paid", session: "cs", payment: "pi", paid_at: 1 };
const file = { key: "jobs/a/x", attempt: 1, type: "video/mp4", bytes: 1, sha256: "0" };

function job(charge: unknown, access: string | undefined, more: Partial<JobRecord> = {}): JobRecord {
  const held = { id: "1", owner: "alice", kind: "k", queue: "q", params: {}, metadata: {}, inputs: {} };
  const record = newJobRecord({ ...held, engine: "e", estimateSeconds: 1 }, 0);
  const video = access === undefined ? file : { ...file, access };
  const outputs = { video, preview: { ...file, access: "open" } };
  const ended = { state: "succeeded" as const, ended_at: 0, expires_at: 2000, outputs };
  return { ...record, ...ended, ...(charge === undefined ? {} : { charge: charge as Charge }), ...more };
}

test("who may read", () => {
  const may = (record: JobRecord, owner = "alice", now = NOW) => mayRead(record, "video", owner, now);
  expect(may(job(undefined, undefined))).toBe(true);
  expect(may(job(PAID, "paid"))).toBe(true);
  expect(may(job({ ...PAID, state: "pending" }, "open"))).toBe(true);
  // somebody else, too late, no such output
  expect(may(job(PAID, "paid"), "bob")).toBe(false);
  expect(may(job(PAID, "paid"), "alice", 2000)).toBe(false);
  expect(mayRead(job(PAID, "paid"), "constructor", "alice", NOW)).toBe(false);
  expect(may(job(PAID, "paid", { state: "expired" }))).toBe(false);
});

test.each([
  ...["none", "pending", "refunding", "refunded", "disputed", "PAID", undefined].map((state) => ({ ...PAID, state })),
  ...["session", "payment", "paid_at", "quote", "provider", "sessions"].map((name) => ({ ...PAID, [name]: undefined })),
  ...[null, 1, "paid", [], {}, { state: "paid" }, { ...PAID, quote: { ...quote, amount: -1 } }],
  { ...PAID, unknown: 1 },
])("a paid file stays closed with the charge %j", (charge) => {
  expect(mayRead(job(charge, "paid"), "video", "alice", NOW)).toBe(false);
  expect(mayRead(job(undefined, "paid"), "video", "alice", NOW)).toBe(false);
  // nor is it open because it does not say that it is paid
  expect(mayRead(job(charge, undefined), "video", "alice", NOW)).toBe(false);
  expect(shownName(job(charge, "paid"), "video", NOW)).toBe("preview");
});

test("errors say what would help", () => {
  const thrown = (record: JobRecord, now = NOW) => {
    try {
      return readableOutput(record, "video", "alice", now);
    } catch (error) {
      return error;
    }
  };
  expect(thrown(job({ ...PAID, state: "none" }, "paid"))).toMatchObject({
    code: "payment_required",
    message: expect.stringContaining("/v1/jobs/1/checkout"),
  });
  expect(thrown(job({ ...PAID, state: "refunded" }, "paid"))).toMatchObject({
    message: expect.stringContaining("refunded"),
  });
  expect(thrown(job(PAID, "paid"), 3000)).toMatchObject({ code: "gone" });
});
