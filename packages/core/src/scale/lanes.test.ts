import { expect, test } from "vitest";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { newId } from "../job/ids.ts";
import { memoryQueue } from "../queue/memory.ts";
import { bulkLane, FAST_JOBS, laneOf, withLanes } from "./lanes.ts";

const signal = new AbortController().signal;

function open(names = ["warp", "warp-bulk", "other"]) {
  const clock = manualClock();
  const inner = memoryQueue({ clock });
  const queue = withLanes(inner, new Set(names), clock);
  const send = async (lane: string, count: number) => {
    for (let n = 0; n < count; n++) await queue.send({ queue: lane, owner: "ann", id: newId(clock.now()) });
  };
  const receive = async (name = "warp", waitMs = 0) =>
    (await queue.receive(name, { leaseMs: 60_000, waitMs, signal }))?.queue ?? null;
  return { clock, queue, send, receive };
}

test("the first jobs of a minute go into the first lane, the others into the second", () => {
  expect(laneOf("warp", FAST_JOBS - 1)).toBe("warp");
  expect(laneOf("warp", FAST_JOBS)).toBe("warp-bulk");
  expect(bulkLane("liveportrait")).toBe("liveportrait-bulk");
});

test("the second lane gets what the first leaves, and one turn in eight", async () => {
  const { send, receive } = open();
  await send("warp-bulk", 20);
  await send("warp", 14);
  const lanes: (string | null)[] = [];
  for (let turn = 0; turn < 34; turn++) lanes.push(await receive());
  expect(lanes.slice(0, 7)).toEqual(Array(7).fill("warp"));
  expect(lanes[7]).toBe("warp-bulk");
  expect(lanes.slice(8, 15)).toEqual(Array(7).fill("warp"));
  expect(lanes.slice(15)).toEqual(Array(19).fill("warp-bulk"));
  expect(await receive()).toBeNull();
});

test("an idle worker takes from either lane soon", async () => {
  const { clock, send, receive } = open();
  const first = receive("warp", 20_000);
  await clock.advance(7000);
  await send("warp", 1);
  await clock.advance(0);
  expect(await first).toBe("warp");
  const second = receive("warp", 20_000);
  await clock.advance(6000);
  await send("warp-bulk", 1);
  await clock.advance(5000);
  expect(await second).toBe("warp-bulk");
  const none = receive("warp", 20_000);
  await clock.advance(20_000);
  expect(await none).toBeNull();
});

test("both lanes are counted together; queues without a second lane are as they were", async () => {
  const { queue, send, receive } = open();
  await send("warp", 2);
  await send("warp-bulk", 3);
  await send("other", 1);
  await receive();
  expect(await queue.depth("warp")).toEqual({ waiting: 4, held: 1 });
  expect(await queue.depth("warp-bulk")).toEqual({ waiting: 3, held: 0 });
  expect(await receive("other")).toBe("other");
  expect(await receive("other")).toBeNull();
});
