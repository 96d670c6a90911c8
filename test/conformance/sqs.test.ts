import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { vi } from "vitest";
import type { ManualClock } from "../support/manual-clock.ts";
import { openSqs } from "../support/sqs.ts";
import { queueSuite } from "./queue.ts";

queueSuite(
  "SQS",
  async () => {
    const home = await openSqs(["warp", "liveportrait"]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
    const clock = fakedClock();
    const queue = sqsQueue({ ...home, clock });
    let waiting = 0;
    const receive: typeof queue.receive = async (name, options) => {
      if (!options.signal.aborted) waiting++;
      try {
        return await queue.receive(name, options);
      } finally {
        if (waiting > 0) waiting--;
      }
    };
    // time goes on only when whoever waits is heard by the queue
    const advance = async (ms: number) => {
      while (home.open < waiting) await turns(1);
      await turns(10);
      await vi.advanceTimersByTimeAsync(ms);
      await turns(10);
    };
    const close = async () => {
      vi.useRealTimers();
      await home.close();
    };
    return { queue: { ...queue, receive }, clock: { ...clock, advance }, close };
  },
  {
    skip: [
      {
        reason: "SQS is fair in its own way, and promises no order",
        tests: [
          "owners take turns, and each one's jobs keep their order",
          "the children of a plan have turns of their own, beside their owner's other jobs and beside other plans",
          "beside a plan another's job waits for no child but those at work, and none of both waits for ever",
        ],
      },
      {
        reason: "in SQS a job may wait twice, which is harmless",
        tests: ["a job that waits already is not queued twice"],
      },
      { reason: "SQS does not say", tests: ["the position is the number of messages that come before"] },
      {
        reason: "SQS counts it as held until its time has come",
        tests: ["a message that is handed back counts as waiting"],
      },
    ],
  },
);

/** The clock of the faked timers, which fauxqs runs by, too. */
function fakedClock(): ManualClock {
  return {
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    advance: async () => {},
    sleepers: 0,
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
