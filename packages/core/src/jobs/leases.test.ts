import { expect, test } from "vitest";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { AppError } from "../errors.ts";
import type { Notes } from "../notes.ts";
import { memoryNotes } from "../records/memory.ts";
import { underLease } from "./leases.ts";

const lost = () => new AppError("storage_unavailable", "no reply");

test("a holder that died loses the lease after its time; one that was only slow takes it from nobody", async () => {
  const clock = manualClock();
  const notes = memoryNotes(clock);
  const end = Promise.withResolvers<object>();
  const slow = underLease(notes, "sweep", 60_000, () => end.promise);
  await clock.advance(0);
  await clock.advance(59_999);
  expect(await underLease(notes, "sweep", 60_000, async () => ({}))).toBeNull();
  await clock.advance(1);
  const next = await underLease(notes, "sweep", 60_000, async () => {
    end.resolve({});
    await slow;
    return { stillHeld: (await underLease(notes, "sweep", 60_000, async () => ({}))) === null };
  });
  expect(next).toEqual({ stillHeld: true });
});

test("a lease whose reply was lost and that meets itself is one's own", async () => {
  const notes = memoryNotes(manualClock());
  const doubled: Notes = {
    ...notes,
    put: async (name, text, etag) => {
      await notes.put(name, text, etag);
      return notes.put(name, text, etag);
    },
  };
  expect(await underLease(doubled, "sweep", 1000, async () => ({ ran: true }))).toEqual({ ran: true });
});

test("a storage that is away before is an error; afterwards the lease runs out", async () => {
  const clock = manualClock();
  const notes = memoryNotes(clock);
  let puts = 0;
  const flaky: Notes = {
    ...notes,
    put: (...args) => (puts++ > 0 ? Promise.reject(lost()) : notes.put(...args)),
  };
  expect(await underLease(flaky, "sweep", 1000, async () => ({ ran: true }))).toEqual({ ran: true });
  expect(await underLease(notes, "sweep", 1000, async () => ({}))).toBeNull();
  await clock.advance(1000);
  await expect(underLease(flaky, "sweep", 1000, async () => ({}))).rejects.toThrow("no reply");
  expect(await underLease(notes, "sweep", 1000, async () => ({ ran: true }))).toEqual({ ran: true });
});
