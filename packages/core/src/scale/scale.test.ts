import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BatchHome, openBatch } from "../../../../test/support/batch.ts";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import type { AppError } from "../errors.ts";
import { newId } from "../job/ids.ts";
import { batchLauncher } from "../launcher/batch.ts";
import type { LaunchedWorker, Launcher } from "../launcher.ts";
import { createLog } from "../log.ts";
import { memoryQueue } from "../queue/memory.ts";
import { memoryNotes } from "../records/memory.ts";
import { capacityGuard } from "./no-capacity.ts";
import { planScale, type ScaleDeps, STUCK_MS, scaleOnce, workersWanted } from "./scale.ts";

const MINUTE_MS = 60_000;
const limits = { maxWorkers: 4, targetWaitSeconds: 60, meanSecondsOf: (queue: string) => (queue === "slow" ? 60 : 5) };
const targets = { liveportrait: { spot: "gpu-spot", onDemand: "gpu-ondemand", jobDefinition: "worker:7" } };

describe("how many workers", () => {
  test("as many as do the backlog in time, at most the limit", () => {
    expect(workersWanted(0, 5, 60, 4)).toBe(0);
    expect(workersWanted(1, 5, 60, 4)).toBe(1);
    expect(workersWanted(12, 5, 60, 4)).toBe(1);
    expect(workersWanted(13, 5, 60, 4)).toBe(2);
    expect(workersWanted(10_000, 5, 60, 4)).toBe(4);
  });

  const worker = (capacity: LaunchedWorker["capacity"], state: LaunchedWorker["state"], minutes: number) => ({
    id: `${capacity}-${state}-${minutes}`,
    ...{ capacity, state, askedMs: -minutes * MINUTE_MS },
  });
  const plan = (workers: LaunchedWorker[], wanted: number) => {
    const { cancel, start, noCapacitySinceMs } = planScale(workers, wanted, 0);
    return { cancel: cancel.map(({ id }) => id), start, none: noCapacitySinceMs !== null };
  };

  test("what is there or on its way is not asked for again; nobody is stopped", () => {
    const there = [worker("spot", "running", 60), worker("spot", "starting", 5), worker("spot", "waiting", 2)];
    expect(plan(there, 3)).toMatchObject({ start: { count: 0 }, cancel: [] });
    expect(plan(there, 4)).toMatchObject({ start: { capacity: "spot", count: 1 }, cancel: [] });
    expect(plan(there, 0)).toMatchObject({ start: { count: 0 }, cancel: [] });
  });

  test("who has waited on Spot for over 10 minutes goes to On-Demand, and others go there, too, for half an hour", () => {
    expect(plan([worker("spot", "waiting", 10)], 1)).toMatchObject({ cancel: [], start: { count: 0 } });
    const stuck = worker("spot", "waiting", 10.1);
    expect(plan([stuck], 1)).toEqual({
      cancel: [stuck.id],
      start: { capacity: "on_demand", count: 1 },
      none: false,
    });
    expect(plan([stuck], 0)).toMatchObject({ cancel: [stuck.id], start: { count: 0 } });
    const inVain = worker("on_demand", "waiting", 31);
    expect(plan([worker("spot", "running", 60), inVain], 2)).toEqual({
      cancel: [inVain.id],
      start: { capacity: "spot", count: 1 },
      none: false,
    });
    expect(plan([worker("on_demand", "running", 29)], 2).start).toEqual({ capacity: "on_demand", count: 1 });
    expect(plan([worker("on_demand", "running", 31)], 2).start).toEqual({ capacity: "spot", count: 1 });
  });

  test("there is no capacity while On-Demand has kept one waiting and none is at work", () => {
    const stuck = worker("on_demand", "waiting", 11);
    expect(plan([stuck], 3)).toEqual({ cancel: [], start: { capacity: "spot", count: 2 }, none: true });
    expect(plan([stuck, worker("spot", "starting", 3)], 2)).toMatchObject({ none: false });
    // one of each goes on waiting even when nobody wants anything, or nobody would ever notice that there is capacity again
    const other = { ...stuck, id: "other" };
    const spot = { capacity: "spot", count: 1 };
    expect(plan([stuck, other], 0)).toEqual({ cancel: ["other"], start: spot, none: true });
    expect(plan([stuck, worker("spot", "waiting", 9)], 1)).toMatchObject({
      cancel: [],
      start: { count: 0 },
      none: true,
    });
    const late = worker("spot", "waiting", 11);
    expect(plan([stuck, late], 1)).toEqual({ cancel: [late.id], start: spot, none: true });
    expect(plan([stuck, worker("spot", "running", 3)], 1)).toMatchObject({ cancel: [stuck.id], none: false });
  });
});

describe("on AWS Batch", () => {
  let clock: ManualClock;
  let batch: BatchHome;
  let deps: ScaleDeps & { launcher: Launcher };
  const scale = () => scaleOnce(deps, limits);
  const live = () =>
    batch.jobs
      .filter(({ status }) => !["SUCCEEDED", "FAILED"].includes(status))
      .map(({ jobId, jobQueue, status }) => `${jobId} ${jobQueue} ${status}`);
  const send = async (count: number) => {
    for (let n = 0; n < count; n++)
      await deps.queue.send({ queue: "liveportrait", owner: "ann", id: newId(clock.now()) });
  };

  beforeEach(async () => {
    clock = manualClock();
    batch = await openBatch({ clock });
    const log = createLog({ level: "silent" });
    const launcher = batchLauncher({ client: batch.client, targets });
    deps = { notes: memoryNotes(clock), queue: memoryQueue({ clock }), launcher, clock, log };
  });
  afterEach(() => batch.close());

  test("no work, no worker; work starts as many as it needs, once", async () => {
    expect(await scale()).toEqual({ started: 0, canceled: 0, noCapacity: [], failed: 0 });
    expect(live()).toEqual([]);
    await send(13);
    expect(await scale()).toMatchObject({ started: 2 });
    expect(batch.jobs[0]).toMatchObject({
      ...{ jobName: "smileloop-liveportrait", jobQueue: "gpu-spot", jobDefinition: "worker:7" },
      environment: { QUEUE: "liveportrait", CAPACITY: "spot" },
    });
    await scale();
    batch.move("job-1", "RUNNING");
    batch.move("job-2", "RUNNABLE");
    expect(await scale()).toMatchObject({ started: 0 });
    await send(1000);
    expect(await scale()).toMatchObject({ started: 2 });
    expect(live()).toHaveLength(4);
    // Spot took one away
    batch.move("job-1", "FAILED");
    expect(await scale()).toMatchObject({ started: 1 });
  });

  test("a queue of longer jobs gets more workers", async () => {
    deps = { ...deps, launcher: batchLauncher({ client: batch.client, targets: { slow: targets.liveportrait } }) };
    for (let n = 0; n < 3; n++) await deps.queue.send({ queue: "slow", owner: "ann", id: newId(clock.now()) });
    expect(await scale()).toMatchObject({ started: 3 });
  });

  test("workers of others in the same Batch queue are not counted", async () => {
    const other = batchLauncher({ client: batch.client, targets: { other: targets.liveportrait } });
    await other.start("other", "spot", 3);
    await send(1);
    expect(await scale()).toMatchObject({ started: 1 });
    expect(await other.workers("other")).toHaveLength(3);
  });

  test("from Spot to On-Demand to no capacity, and back when a worker starts", async () => {
    const guard = capacityGuard(deps);
    const refusal = async (): Promise<AppError | null> => {
      await clock.advance(10_000);
      return guard("liveportrait").then(
        () => null,
        (error: AppError) => error,
      );
    };
    await send(3);
    await scale();
    batch.move("job-1", "RUNNABLE");
    await clock.advance(STUCK_MS + 1);
    expect(await scale()).toMatchObject({ started: 1, canceled: 1, noCapacity: [] });
    expect(live()).toEqual(["job-2 gpu-ondemand SUBMITTED"]);
    expect(await refusal()).toBeNull();
    await clock.advance(STUCK_MS);
    expect(await scale()).toEqual({ started: 1, canceled: 0, noCapacity: ["liveportrait"], failed: 0 });
    expect(live()).toEqual(["job-2 gpu-ondemand SUBMITTED", "job-3 gpu-spot SUBMITTED"]);

    const refused = await refusal();
    expect(refused).toMatchObject({ code: "no_capacity", status: 503, retryable: true, retryAfterSeconds: 660 });
    expect(refused?.message).toBe(
      "No GPU is available right now (10 minutes so far, 3 jobs waiting). Try again in about 11 minutes.",
    );
    await capacityGuard(deps)("warp");

    // Spot is back, though On-Demand never was
    batch.move("job-3", "STARTING");
    expect(await scale()).toMatchObject({ noCapacity: [] });
    expect(await refusal()).toBeNull();
  });

  test("a worker that starts while it is given up goes on", async () => {
    await deps.launcher.start("liveportrait", "spot", 1);
    const [seen] = await deps.launcher.workers("liveportrait");
    batch.move("job-1", "STARTING");
    await deps.launcher.cancel(seen!, "No machine became available.");
    expect(live()).toEqual(["job-1 gpu-spot STARTING"]);
    batch.move("job-1", "RUNNABLE");
    await deps.launcher.cancel(seen!, "No machine became available.");
    expect(batch.jobs[0]).toMatchObject({ status: "FAILED", statusReason: "No machine became available." });
  });

  test("a sweeper that is gone refuses nobody for long", async () => {
    await deps.launcher.start("liveportrait", "on_demand", 1);
    await clock.advance(STUCK_MS + 1);
    await scale();
    await expect(capacityGuard(deps)("liveportrait")).rejects.toThrow("No GPU");
    await clock.advance(5 * MINUTE_MS + 1);
    await capacityGuard(deps)("liveportrait");
  });

  test("two at once start no more than one", async () => {
    await send(1);
    const both = await Promise.all([scale(), turn().then(scale)]);
    expect(both.filter((scaled) => scaled === null)).toHaveLength(1);
    expect(live()).toHaveLength(1);
  });

  test("Batch that does not answer keeps neither the other queues nor the next time", async () => {
    const launcher = batchLauncher({
      client: batch.client,
      targets: { liveportrait: targets.liveportrait, slow: targets.liveportrait },
    });
    deps = { ...deps, launcher };
    await send(1);
    await deps.queue.send({ queue: "slow", owner: "ann", id: newId(0) });
    batch.fail(6);
    expect(await scale()).toMatchObject({ started: 1, failed: 1 });
    expect(await scale()).toMatchObject({ started: 1, failed: 0 });
  });
});
