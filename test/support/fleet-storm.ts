/** Trouble for a fleet, drawn by a seed: for as long as it is on, anything may fail at any call. */

import { runSweeper } from "@smileloop/core/jobs/sweep.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import type { Fleet } from "./fleet.ts";
import type { Call, Fault } from "./s3-double/server.ts";

export type StormOptions = {
  seed: number;
  /** Of workers, and half as often of their engines. */
  kills: number;
  pauses: number;
  /** How much of what is to be done is done, 0 to 1: kills and pauses are spread over it. */
  progress: () => number;
};

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const S3_TROUBLE = 0.06;

export function raiseStorm(fleet: Fleet, { seed, kills, pauses, progress }: StormOptions) {
  const random = randomFrom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const counts = { kills: 0, engineKills: 0, pauses: 0, faults: 0, lost: 0, doubled: 0, late: 0 };
  const over = new AbortController();
  /** So many calls of workers until the next blow. */
  let calls = below(20);

  const wake = async (member: Fleet["members"][number]) => {
    await fleet.clock.sleep(MINUTE_MS * (0.8 + 1.5 * random()), over.signal);
    member.wake();
  };
  fleet.double.faults.decide((call) => {
    const member = fleet.caller(call);
    if (member && !member.paused && calls-- <= 0) {
      const made: Fault | null = random() < 0.5 ? "cut" : "lost_reply";
      if (counts.kills + counts.engineKills < kills * progress()) {
        calls = below(20);
        if (counts.kills <= 2 * counts.engineKills) {
          counts.kills++;
          member.kill();
          return made;
        }
        if (member.killEngine(below(2))) counts.engineKills++;
        return null;
      }
      if (counts.pauses < pauses * progress() && fleet.members.filter(({ paused }) => paused).length < 2) {
        calls = below(20);
        counts.pauses++;
        member.pause();
        void wake(member);
        return random() < 0.5 ? null : made;
      }
    }
    const fault = random() < S3_TROUBLE ? troubleOf(call, random) : null;
    if (fault) counts.faults++;
    return fault;
  });

  fleet.sqs.plan(() => {
    const draw = random();
    if (draw < 0.08) counts.lost++;
    else if (draw < 0.18) counts.doubled++;
    else if (draw < 0.3) counts.late++;
    if (draw < 0.08) return [];
    if (draw < 0.18) return [{}, { delayMs: below(2 * MINUTE_MS) }];
    if (draw < 0.26) return [{ delayMs: below(3 * MINUTE_MS) }];
    return draw < 0.3 ? [{ afterSends: 1 + below(10) }] : [{}];
  });

  // two at once, on machines whose clocks are minutes apart
  const sweepers = [5 * MINUTE_MS, -5 * MINUTE_MS].map((skewMs) => {
    const clock = { ...fleet.clock, now: () => fleet.clock.now() + skewMs };
    return runSweeper({ ...fleet.sweeperStore, clock }, { signal: over.signal });
  });

  return {
    counts,
    /** No more trouble; whoever sleeps wakes. */
    async end(): Promise<void> {
      fleet.double.faults.decide(() => null);
      fleet.sqs.plan(() => [{}]);
      over.abort();
      await Promise.all(sweepers);
    },
  };
}

function troubleOf({ operation }: Call, random: () => number): Fault {
  const faults: Fault[] = ["internal", "slow_down", "cut", "lost_reply", "late_error", { delayMs: 100 * random() }];
  if (operation === "GetObject" || operation === "ListObjectsV2") faults.push("half_reply");
  if (operation === "PutObject") faults.push("conflict");
  return faults[Math.floor(random() * faults.length)]!;
}
