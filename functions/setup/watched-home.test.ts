import { AppError } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { createJob, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { expect, test } from "vitest";
import { manualClock } from "../../test/support/manual-clock.ts";
import { watchedHome } from "./watched-home.ts";

const clock = manualClock();

function watchedStore() {
  const seen: string[] = [];
  const plain = {
    ...{ records: memoryRecords({ clock }), queue: memoryQueue({ clock }), clock },
    files: memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32)) }),
  };
  const store = watchedHome(plain, {
    onJob: (_, event) => seen.push(event),
    onStorageError: (port, code) => seen.push(`${port}: ${code}`),
  });
  return { plain, store, seen };
}

const NEW_JOB = {
  ...{ owner: "ann", kind: "animate", engine: "warp", queue: "warp", params: {}, metadata: {}, estimateSeconds: 1 },
  storeInputs: async () => ({}),
};

test("what becomes of jobs is told once; beats and claims are not", async () => {
  const { store, seen } = watchedStore();
  const { record } = await createJob(store, NEW_JOB);
  const change = (next: object) => updateJob(store, "ann", record.id, () => next as never);
  const claim = { by: "worker", do: "claim", worker: "w", leaseAlive: false };
  const holder = { by: "holder", token: "t" };
  await change({ ...claim, token: "t" });
  await change({ ...holder, do: "beat", progress: null });
  await change({ ...holder, do: "handBack" });
  await change({ ...claim, token: "t" });
  await change({ ...holder, do: "fail", error: { code: "input_unreadable", detail: "no" } });
  expect(seen).toEqual(["queued", "requeued", "failed"]);
});

test("failures of the storage are told with their port, answers are not", async () => {
  const { plain, store, seen } = watchedStore();
  await expect(store.files.get("uploads/none")).rejects.toThrow(AppError);
  expect(await store.records.get("ann", newId(0))).toBeNull();
  expect(seen).toEqual([]);
  const failing = watchedHome<typeof plain>(
    {
      ...plain,
      files: { ...plain.files, get: () => Promise.reject(new AppError("storage_unavailable", "away")) },
      records: {
        ...plain.records,
        timers: { ...plain.records.timers, arm: () => Promise.reject(new Error("EIO")) },
      },
    },
    { onJob: () => {}, onStorageError: (port, code) => seen.push(`${port}: ${code}`) },
  );
  await expect(failing.files.get("any")).rejects.toThrow("away");
  await expect(failing.records.timers.arm({ atMs: 0, owner: "ann", id: newId(0) })).rejects.toThrow("EIO");
  expect(seen).toEqual(["files: storage_unavailable", "records: other"]);
});
