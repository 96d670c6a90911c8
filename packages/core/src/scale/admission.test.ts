import { beforeEach, expect, test } from "vitest";
import { newRecord } from "../../../../test/conformance/records.ts";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import type { AppError } from "../errors.ts";
import { newId } from "../job/ids.ts";
import { createLog } from "../log.ts";
import { memoryQueue } from "../queue/memory.ts";
import { memoryRecords } from "../records/memory.ts";
import type { Records } from "../records.ts";
import { type Admission, createAdmission, POKE_QUEUE } from "./admission.ts";
import { FAST_JOBS, FAST_WINDOW_MS } from "./lanes.ts";
import { writeNoCapacity } from "./no-capacity.ts";

let clock: ManualClock;
let records: Records;
let queue: ReturnType<typeof memoryQueue>;
let admission: Admission;

beforeEach(() => {
  clock = manualClock();
  records = memoryRecords({ clock });
  queue = memoryQueue({ clock });
  const queues = new Set(["warp", "warp-bulk", "liveportrait", "liveportrait-bulk", "slow", POKE_QUEUE]);
  const launched = new Set(["liveportrait"]);
  admission = createAdmission({ records, queue, clock, log: createLog({ level: "silent" }), queues, launched });
});

const make = async (count: number, owner = "ann") => {
  for (let n = 0; n < count; n++) await records.create(newRecord(clock.now(), owner));
};

test("who makes many jobs in a minute goes into the second lane, and nobody else", async () => {
  expect(await admission.queueFor({ owner: "ann", queue: "warp" })).toBe("warp");
  await make(FAST_JOBS - 1);
  expect(await admission.queueFor({ owner: "ann", queue: "warp" })).toBe("warp");
  await make(1);
  expect(await admission.queueFor({ owner: "ann", queue: "warp" })).toBe("warp-bulk");
  expect(await admission.queueFor({ owner: "bob", queue: "warp" })).toBe("warp");
  expect(await admission.queueFor({ owner: "ann", queue: "slow" })).toBe("slow");
  await clock.advance(FAST_WINDOW_MS + 1);
  expect(await admission.queueFor({ owner: "ann", queue: "warp" })).toBe("warp");
});

test("so many jobs may wait, a fifth of them of one owner; then they are refused until some have begun", async () => {
  const log = createLog({ level: "silent" });
  const bounded = createAdmission({
    records,
    queue,
    clock,
    log,
    queues: new Set(),
    launched: new Set(),
    maxWaiting: 10,
  });
  const send = (owner: string) => queue.send({ queue: "warp", owner, id: newId(clock.now()) });
  const ask = (owner: string) => bounded.queueFor({ owner, queue: "warp" }).catch((error: AppError) => error);
  await send("ann");
  expect(await ask("ann")).toBe("warp");
  await send("ann");
  const told = "2 of your jobs wait here already; send more once some of them have begun.";
  expect(await ask("ann")).toMatchObject({ code: "too_many_requests", message: told, retryAfterSeconds: 60 });
  expect(await ask("bob")).toBe("warp");
  expect(await bounded.queueFor({ owner: "ann", queue: "other" })).toBe("other");
  for (let n = 0; n < 8; n++) await send(`owner-${n}`);
  await clock.advance(5000);
  expect(await ask("bob")).toMatchObject({ code: "no_capacity", retryAfterSeconds: 60 });
  const options = { leaseMs: 1000, waitMs: 0, signal: new AbortController().signal };
  for (let n = 0; n < 3; n++) await (await queue.receive("warp", options))?.ack();
  await clock.advance(5000);
  expect(await ask("bob")).toBe("warp");
});

test("ids that pretend to be old gain nothing", async () => {
  const id = newId(clock.now() - FAST_WINDOW_MS - 1);
  expect(await admission.queueFor({ owner: "ann", queue: "warp", id })).toBe("warp-bulk");
  expect(await admission.queueFor({ owner: "ann", queue: "warp", id: newId(clock.now()) })).toBe("warp");
});

test("without capacity a queue takes no new job, the others do", async () => {
  const sinceMs = clock.now() - 700_000;
  await writeNoCapacity(records.notes, "liveportrait", { sinceMs, waiting: 1 });
  await expect(admission.queueFor({ owner: "ann", queue: "liveportrait" })).rejects.toMatchObject({
    code: "no_capacity",
    message: expect.stringContaining("1 job waiting). Try again in about 12 minutes."),
  });
  expect(await admission.queueFor({ owner: "ann", queue: "warp" })).toBe("warp");
});

test("a damaged note about capacity keeps nobody out", async () => {
  await records.notes.put("capacity-liveportrait", "{", null);
  expect(await admission.queueFor({ owner: "ann", queue: "liveportrait" })).toBe("liveportrait");
});

test("the storage is asked about capacity every 10 s, and keeps nobody out when it is away", async () => {
  let asked = 0;
  const get = async () => {
    asked++;
    throw new Error("away");
  };
  const away = { ...records, notes: { ...records.notes, get } };
  const log = createLog({ level: "silent" });
  const names = new Set(["liveportrait"]);
  const other = createAdmission({ records: away, queue, clock, log, queues: names, launched: names });
  for (let n = 0; n < 5; n++) await other.queueFor({ owner: "ann", queue: "liveportrait" });
  expect(asked).toBe(1);
  await clock.advance(10_000);
  await other.queueFor({ owner: "ann", queue: "liveportrait" });
  expect(asked).toBe(2);
});

test("the sweeper is poked for queues whose workers it starts, every 10 s at most", async () => {
  const arrived = (name: string) => admission.arrived({ queue: name, owner: "ann", id: newId(clock.now()) });
  const pokes = async () => (await queue.depth(POKE_QUEUE)).waiting;
  await arrived("warp");
  expect(await pokes()).toBe(0);
  await arrived("liveportrait");
  await arrived("liveportrait-bulk");
  expect(await pokes()).toBe(1);
  await clock.advance(10_000);
  await arrived("liveportrait-bulk");
  expect(await pokes()).toBe(2);
});
