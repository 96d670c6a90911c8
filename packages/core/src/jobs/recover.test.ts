/** More of it is in `sweep.test.ts`, `children.test.ts` and `damaged.test.ts`. */
import { beforeEach, expect, test } from "vitest";
import { type MemoryStore, memoryStore } from "../../../../test/support/memory-store.ts";
import { AppError } from "../errors.ts";
import { newId } from "../job/ids.ts";
import type { Records } from "../records.ts";
import { deleteJob } from "./close.ts";
import { recover } from "./recover.ts";

let store: MemoryStore;
beforeEach(async () => {
  store = memoryStore();
});

test("a job with two timers, as a crash leaves them, is counted once", async () => {
  const { owner, id } = await store.newJob();
  await store.records.timers.arm({ owner, id, atMs: store.clock.now() + 60_000 });
  expect(await recover(store, { exclusive: true })).toMatchObject({ sent: 1 });
});

test("a timer without a job, as a creation that died leaves it, is nothing to speak of", async () => {
  await store.records.timers.arm({ owner: "ann", id: newId(store.clock.now()), atMs: store.clock.now() });
  expect(await recover(store, { exclusive: true })).toEqual({
    ...{ sent: 0, handedBack: 0, closed: 0, unreadable: 0, failed: 0 },
  });
  expect(store.lines).toEqual([]);
});

test("what could not be done is in the log, with its reason; what can't be read is said by the storage alone", async () => {
  const [away, broken] = [await store.newJob(), await store.newJob()];
  const { record, etag } = (await store.records.get("ann", broken.id))!;
  await store.records.replace({ ...record, state: "broken" as "queued" }, etag);
  const get: Records["get"] = async (owner, id) => {
    if (id === away.id) throw new AppError("storage_unavailable", "It does not answer.");
    return store.records.get(owner, id);
  };
  const found = await recover({ ...store, records: { ...store.records, get } }, { exclusive: true });
  expect(found).toMatchObject({ unreadable: 1, failed: 1 });
  expect(store.lines).toMatchObject([
    { level: "error", event: "recover_failed", jobId: away.id, err: { message: "It does not answer." } },
  ]);
});

test("a job that is deleted at that very moment is not counted as taken back", async () => {
  const { id } = await store.newJob();
  await store.claimed(id);
  await store.clock.advance(1000);
  const get: Records["get"] = async (owner, job) => {
    const stored = await store.records.get(owner, job);
    await deleteJob(store, owner, job);
    return stored;
  };
  expect(await recover({ ...store, records: { ...store.records, get } }, { exclusive: true })).toMatchObject({
    ...{ sent: 0, handedBack: 0, closed: 0, failed: 0 },
  });
  expect((await store.read(id)).state).toBe("deleted");
});
