/**
 * Everything at once: hundreds of jobs in the cloud, and all that can go wrong there, at moments drawn by a seed. The seed is
 * printed; `FAULTS_SEED=<n>` draws the same again, though processes of their own never meet quite the same way twice.
 */
import { join } from "node:path";
import { MAX_CLAIMS, MAX_FAILURES } from "@smileloop/core/job/change.ts";
import { isEnded, type JobRecord, RESULT_LIFE_MS, TOMBSTONE_LIFE_MS } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { type Fleet, type LogLine, openFleet } from "../support/fleet.ts";
import { filesOf, insist, OWNER, resultFault, submit } from "../support/fleet-jobs.ts";
import { raiseStorm } from "../support/fleet-storm.ts";
import { until } from "../support/processes.ts";
import type { StubScript } from "../support/stub-engine.ts";

const JOBS = 500;
const KILLS = 200;
const PAUSES = 12;
/** Enough for no worker to be idle; with more, jobs only wait longer and are sent again more often. */
const CLIENTS = 40;
const MINUTE_MS = 60_000;
/** What belongs to no job: the bucket's lifecycle takes the one away, the other is always the same. */
const STAYS = /^(idempotency\/|locks\/sweep$)/;
const SKEWS_MS = [0, 5 * MINUTE_MS, -5 * MINUTE_MS, 2 * MINUTE_MS];

/** A job, what its client does, and how it may end: states, with codes where it fails. */
type Wish = { script: StubScript; client: "cancel" | "delete" | null; afterMs: number; ends: string[] };
/** `fault`: what its client had to say about the result. */
type Job = { id: string; wish: Wish; fault: string | null };

const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31));

test.skipIf(process.platform === "win32")(
  `${JOBS} jobs and ${KILLS} kills: FAULTS_SEED=${seed}`,
  { timeout: 10 * MINUTE_MS },
  async () => {
    const fleet = await openFleet({ skewsMs: SKEWS_MS });
    try {
      // the last of the trouble comes while there is still work
      const progress = () => Math.min(1, (fleet.history.endedCount() + 5) / (0.96 * JOBS));
      const storm = raiseStorm(fleet, { seed, kills: KILLS, pauses: PAUSES, progress });
      const jobs = await live(fleet);
      await storm.end();
      const nothingWaits = async () =>
        Object.values(await fleet.store.queue.depth("warp")).every((count) => count === 0);
      await until(nothingWaits);
      await fleet.stop();

      expect(storm.counts.kills + storm.counts.engineKills).toBe(KILLS);
      expect(storm.counts.pauses).toBeGreaterThan(PAUSES / 2);
      expect(fleet.strays()).toEqual([]);
      expect(fleet.leftovers()).toEqual([]);
      expect(fleet.log.filter((line) => line.level === "error" && !isTrouble(line))).toEqual([]);
      expect(fleet.history.wrong).toEqual([]);
      expect(wrongEnds(fleet, jobs)).toEqual([]);
      const kept = jobs.filter(({ wish, id }) => wish.client === "delete" && lastOf(fleet, id).state !== "deleted");
      expect(kept).toEqual([]);
      const records = jobs.map(({ id }) => endOf(fleet, id));
      expect(records.filter(({ state }) => state === "succeeded").length).toBeGreaterThan(JOBS / 2);
      expect(records.filter(isWorn).length).toBeLessThan(JOBS / 10);
      expect(strangeFiles(fleet, jobs)).toEqual([]);
      await aDayPasses(fleet);
      expect(fleet.double.store.keys().filter((key) => !STAYS.test(key))).toEqual([]);
    } finally {
      await fleet.close();
    }
  },
);

/** Clients come and go until every job has ended. */
async function live(fleet: Fleet): Promise<Job[]> {
  const random = randomFrom(seed + 1);
  const wishes = Array.from({ length: JOBS }, (_, n) => wishOf(random, join(fleet.dir, `trace-${n}`)));
  const jobs: Job[] = [];
  let next = 0;
  const client = async () => {
    for (let n = next++; n < JOBS; n = next++) {
      const wish = wishes[n]!;
      const id = await submit(fleet, n, wish.script);
      if (wish.client) {
        await fleet.clock.sleep(wish.afterMs);
        if (wish.client === "delete") await insist(() => deleteJob(fleet.store, OWNER, id));
        else await insist(() => updateJob(fleet.store, OWNER, id, () => ({ by: "api", do: "cancel" })));
      }
      const record = await fleet.history.ended(id);
      jobs.push({ id, wish, fault: record.state === "succeeded" ? await resultFault(fleet, record, n) : null });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return jobs;
}

function wishOf(random: () => number, trace: string): Wish {
  const draw = random();
  // by the share of jobs up to this one
  const scripts: [number, StubScript, string][] = [
    [0.06, { run: "fail:no_face" }, "failed no_face"],
    [0.09, { run: "crash" }, "failed engine_crashed"],
    [0.12, { check: "fail:check_still" }, "failed check_still"],
    [0.17, { runs: ["abort", "well"], trace }, "succeeded"],
    [0.2, { run: "slow:700" }, "succeeded"],
    [1, { run: `slow:${Math.ceil(60 * random())}` }, "succeeded"],
  ];
  const [, script, end] = scripts.find(([share]) => draw < share)!;
  const what = random();
  const afterMs = random() * 30_000;
  if (what < 0.1) return { script, client: "cancel", afterMs, ends: [end, "canceled"] };
  return what < 0.2
    ? { script, client: "delete", afterMs, ends: [end, "deleted"] }
    : { script, client: null, afterMs, ends: [end] };
}

function wrongEnds(fleet: Fleet, jobs: Job[]): string[] {
  return jobs.flatMap(({ id, wish, fault }) => {
    const record = endOf(fleet, id);
    const end = record.state === "failed" ? `failed ${record.error?.code}` : record.state;
    const right = wish.ends.includes(end) || isWorn(record);
    const wrong = right ? [] : [`${id} (${wish.ends.join(", ")}): ${end}`];
    return fault ? [...wrong, `${id}: its result: ${fault}`] : wrong;
  });
}

/** Struck so often that no try is left. */
function isWorn({ state, error, attempt, failures }: JobRecord): boolean {
  if (state !== "failed") return false;
  return error?.code === "worker_lost"
    ? attempt === MAX_CLAIMS
    : error?.code === "engine_crashed" && failures === MAX_FAILURES;
}

/** Files that nobody was killed over, beside the pictures and the results. */
function strangeFiles(fleet: Fleet, jobs: Job[]): string[] {
  return jobs.flatMap(({ id }) => {
    const record = lastOf(fleet, id);
    const mayStay = (attempt: number) => {
      const { worker = "" } = record.attempts[attempt - 1] ?? {};
      return (
        fleet.killed.has(worker) ||
        fleet.log.some((line) => line.jobId === id && line.by === worker && GAVE_UP.includes(line.event))
      );
    };
    return filesOf(fleet, id)
      .filter((name) => {
        if (name.startsWith("in/")) return ["deleted", "expired"].includes(record.state);
        const attempt = Number(/^out\/(\d+)\//.exec(name)?.[1]);
        return record.outputs.video?.attempt !== attempt && !mayStay(attempt);
      })
      .map((name) => `${id} (${record.state}): ${name}`);
  });
}

const GAVE_UP = ["files of an attempt stay", "last write of unknown outcome"];

function isTrouble({ err }: LogLine): boolean {
  return ["storage_unavailable", "unavailable"].includes((err as { code?: string } | undefined)?.code ?? "");
}

/** As it was when it had ended. */
function endOf(fleet: Fleet, id: string): JobRecord {
  return fleet.history.of(id).find(({ record }) => isEnded(record.state))!.record;
}

/** As it is now. */
function lastOf(fleet: Fleet, id: string): JobRecord {
  return fleet.history.of(id).at(-1)!.record;
}

/** Results expire; late files and tombstones go. */
async function aDayPasses(fleet: Fleet): Promise<void> {
  for (const lifeMs of [RESULT_LIFE_MS, TOMBSTONE_LIFE_MS]) {
    fleet.time.forward(lifeMs + 15 * MINUTE_MS);
    expect(await sweepOnce(fleet.sweeperStore, { maxMs: Number.POSITIVE_INFINITY })).toMatchObject({ failed: 0 });
  }
}
