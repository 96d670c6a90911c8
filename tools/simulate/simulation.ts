/**
 * The service in fast motion: jobs that arrive, workers that are started, lost and leave, by the very functions that decide it
 * in the product (`workersWanted`, `planScale`, `nextSurplus`, `laneOf`, `lanesInTurn`). One event after the other, from a
 * seed: the same plan gives the same outcome. Times in seconds.
 */

import type { Capacity, LaunchedWorker } from "@smileloop/core/launcher.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { FAST_JOBS, FAST_WINDOW_MS, laneOf, lanesInTurn } from "@smileloop/core/scale/lanes.ts";
import { planScale, workersWanted } from "@smileloop/core/scale/scale.ts";
import { nextSurplus, permitsExit, type Surplus } from "@smileloop/core/scale/surplus.ts";
import { meanSecondsOf } from "../../functions/engines/index.ts";
import { createEvents } from "../bench/events.ts";

/** Jobs of some owners; `perSecond` may change with the time and is at most `most`. */
type Flow = { name: string; owners: number; most: number; perSecond: (atS: number) => number };

export type SimulationPlan = {
  seed: number;
  seconds: number;
  flows: Flow[];
  /** `lanes`: the rule of the product. `one`: a queue in order of arrival, for comparison. */
  queue: "lanes" | "one";
  workSeconds: (random: () => number) => number;
  /** From the order of a worker to its first job, where there is a machine. */
  coldSeconds: (random: () => number) => number;
  maxWorkers: number;
  targetWaitSeconds: number;
  idleExitSeconds: number;
  spotLossesPerHour: number;
  /** Whether no new Spot machine can be had. */
  spotIsOut: (atS: number) => boolean;
};

/** One job that has come to its end: which flow it is of, when it arrived, when its work began, when it ended. */
type DoneJob = { flow: number; createdS: number; startedS: number; endedS: number };
type Sample = { atS: number; running: number; starting: number; waiting: number };

export type SimulationOutcome = {
  done: DoneJob[];
  unfinished: number;
  samples: Sample[];
  launched: { spot: number; on_demand: number };
  lostToSpot: number;
  workedAgain: number;
  hours: { spot: number; on_demand: number };
};

const QUEUE = "liveportrait";
const LANES: [string, string] = lanesInTurn(QUEUE, 0);
const POKE_S = 10;
const SWEEP_S = 60;
const ASK_LEAVE_S = 60;
const PLACE_S = 40;

type Job = DoneJob & { lane: string };
type Worker = LaunchedWorker & {
  machineS: number | null;
  job: Job | null;
  turns: number;
  freeS: number;
  askedLeaveS: number;
  ended: boolean;
};

export function simulate(plan: SimulationPlan): SimulationOutcome {
  const random = randomFrom(plan.seed);
  const events = createEvents();
  const lanes = new Map(LANES.map((lane) => [lane, [] as Job[]]));
  const heads = new Map(LANES.map((lane) => [lane, 0]));
  const recent = new Map<string, number[]>();
  const free: Worker[] = [];
  const workers = new Set<Worker>();
  let surplus: Surplus | null = null;
  let arrivals = 0;
  let nextId = 0;
  let nowS = 0;
  const outcome: SimulationOutcome = {
    ...{ done: [], unfinished: 0, samples: [], lostToSpot: 0, workedAgain: 0 },
    ...{ launched: { spot: 0, on_demand: 0 }, hours: { spot: 0, on_demand: 0 } },
  };
  const waiting = () => LANES.reduce((sum, lane) => sum + lanes.get(lane)!.length - heads.get(lane)!, 0);

  const arrive = (flow: Flow, index: number) => {
    const gapS = -Math.log(1 - random()) / flow.most;
    if (nowS + gapS < plan.seconds) events.add(nowS + gapS, () => arrive(flow, index));
    // thinned: as often as the flow's rate now is of its highest
    if (random() * flow.most >= flow.perSecond(nowS)) return;
    const owner = `${flow.name}-${Math.floor(random() * flow.owners)}`;
    const lane = plan.queue === "lanes" ? laneOf(QUEUE, countRecent(recent, owner, nowS)) : QUEUE;
    arrivals++;
    give({ flow: index, createdS: nowS, startedS: 0, endedS: 0, lane });
  };

  const give = (job: Job) => {
    lanes.get(job.lane)!.push(job);
    const worker = free.length > 0 ? free.splice(Math.floor(random() * free.length), 1)[0] : undefined;
    if (worker) begin(worker);
  };

  const take = (worker: Worker): Job | undefined => {
    for (const lane of lanesInTurn(QUEUE, worker.turns++)) {
      const jobs = lanes.get(lane)!;
      const head = heads.get(lane)!;
      if (head === jobs.length) continue;
      const job = jobs[head]!;
      const drained = head + 1 === jobs.length || head > 10_000;
      if (drained) lanes.set(lane, jobs.slice(head + 1));
      heads.set(lane, drained ? 0 : head + 1);
      return job;
    }
    return undefined;
  };

  /** A worker between two jobs. */
  const next = (worker: Worker) => {
    if (mayExit(worker)) end(worker);
    else begin(worker);
  };

  const begin = (worker: Worker) => {
    const job = take(worker);
    if (!job) return rest(worker);
    if (job.startedS > 0) outcome.workedAgain++;
    job.startedS = nowS;
    worker.job = job;
    events.add(nowS + plan.workSeconds(random), () => {
      if (worker.job !== job) return;
      job.endedS = nowS;
      outcome.done.push(job);
      worker.job = null;
      worker.freeS = nowS;
      next(worker);
    });
  };

  const rest = (worker: Worker) => {
    free.push(worker);
    const sinceS = worker.freeS;
    const look = () => {
      if (worker.ended || worker.job || worker.freeS !== sinceS) return;
      if (nowS - sinceS >= plan.idleExitSeconds || mayExit(worker)) return end(worker);
      events.add(nowS + Math.min(ASK_LEAVE_S, sinceS + plan.idleExitSeconds - nowS), look);
    };
    events.add(nowS + Math.min(ASK_LEAVE_S, plan.idleExitSeconds), look);
  };

  const mayExit = (worker: Worker): boolean => {
    if (nowS - worker.askedLeaveS < ASK_LEAVE_S) return false;
    worker.askedLeaveS = nowS;
    if (!surplus || !permitsExit(surplus, worker.capacity)) return false;
    surplus = { ...surplus, permits: surplus.permits - 1 };
    return true;
  };

  const end = (worker: Worker) => {
    worker.ended = true;
    workers.delete(worker);
    const at = free.indexOf(worker);
    if (at >= 0) free.splice(at, 1);
    if (worker.machineS !== null) outcome.hours[worker.capacity] += (nowS - worker.machineS) / 3600;
  };

  const launch = (capacity: Capacity) => {
    const worker: Worker = {
      ...{ id: `${nextId++}`, capacity, state: "waiting", askedMs: nowS * 1000 },
      ...{ machineS: null, job: null, turns: 0, freeS: nowS, askedLeaveS: nowS, ended: false },
    };
    workers.add(worker);
    outcome.launched[capacity]++;
    events.add(nowS + PLACE_S, () => place(worker));
  };

  const place = (worker: Worker) => {
    if (worker.ended) return;
    if (worker.capacity === "spot" && plan.spotIsOut(nowS)) return events.add(nowS + PLACE_S, () => place(worker));
    worker.state = "starting";
    worker.machineS = nowS;
    events.add(nowS + plan.coldSeconds(random) - PLACE_S, () => {
      if (worker.ended) return;
      worker.state = "running";
      worker.freeS = worker.askedLeaveS = nowS;
      next(worker);
    });
    if (worker.capacity === "spot" && plan.spotLossesPerHour > 0) {
      const lifeS = (-Math.log(1 - random()) * 3600) / plan.spotLossesPerHour;
      events.add(nowS + lifeS, () => lose(worker));
    }
  };

  /** The notice comes two minutes before; the job is handed back at once. */
  const lose = (worker: Worker) => {
    if (worker.ended) return;
    outcome.lostToSpot++;
    const { job } = worker;
    worker.job = null;
    end(worker);
    if (job) give(job);
  };

  const scale = () => {
    events.add(nowS + POKE_S, scale);
    const all = [...workers];
    const atWork = all.filter(({ state }) => state === "running");
    const running = atWork.length;
    const onDemand = atWork.filter(({ capacity }) => capacity === "on_demand").length;
    const counts = { running, onDemand, held: running - free.length, waiting: waiting() };
    outcome.samples.push({ atS: nowS, running, starting: all.length - running, waiting: counts.waiting });
    if (arrivals === 0 && nowS % SWEEP_S !== 0) return;
    arrivals = 0;
    const backlog = counts.waiting + counts.held;
    const wanted = workersWanted(backlog, meanSecondsOf(QUEUE), plan.targetWaitSeconds, plan.maxWorkers);
    const { cancel, start } = planScale(all, wanted, nowS * 1000);
    for (const worker of cancel) end(worker as Worker);
    for (let n = 0; n < start.count; n++) launch(start.capacity);
    if (running > 0 && (!surplus || nowS * 1000 - surplus.atMs >= SWEEP_S * 1000))
      surplus = nextSurplus(surplus, counts, nowS * 1000);
  };

  plan.flows.forEach((flow, index) => {
    events.add(0, () => arrive(flow, index));
  });
  events.add(0, scale);
  events.run(plan.seconds, (atS) => {
    nowS = atS;
  });
  outcome.unfinished = waiting() + [...workers].filter(({ job }) => job).length;
  for (const worker of [...workers]) end(worker);
  return outcome;
}

/** How many jobs the owner has made within the window; this one is counted from now on. */
function countRecent(recent: Map<string, number[]>, owner: string, nowS: number): number {
  const times = (recent.get(owner) ?? []).filter((atS) => nowS - atS < FAST_WINDOW_MS / 1000);
  recent.set(owner, [...times.slice(-FAST_JOBS), nowS]);
  return Math.min(FAST_JOBS, times.length);
}
