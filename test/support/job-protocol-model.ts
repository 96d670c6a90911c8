/**
 * The job protocol as a small world, to be searched through whole: one job, one request that creates it, two workers, the
 * sweeper, one cancel or DELETE by the client, one move to the long queue by a worker that finds more to do than was expected,
 * and at most one crash, one lost message and one write whose reply is lost.
 * The input is the client's, or is named by a URL, so that a worker fetches it first.
 * A step is what one party does between two moments at which the others may act.
 *
 * The record is changed by the real `changeJob`. Time is a choice: a lease may be found dead at any moment (its holder may
 * stall and go on later), a timer may be due at any moment; only an hour after the end nobody is at work any more. Revisions
 * and nonces are left out except where somebody is about to ask for them, so that the world is finite.
 */
import { isEnded, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import type { Step } from "./explore.ts";
import {
  acked,
  changed,
  FIRST_ATTEMPT,
  fetchedBy,
  IDLE,
  isClosed,
  type Rec,
  type Rule,
  resultOf,
  sent,
  type Worker,
  type World,
  withTimer,
} from "./job-protocol-world.ts";

/** Every step that may come next when these rules hold. */
export function stepsFrom(world: World, rules: ReadonlySet<Rule>): Step<World>[] {
  const steps: Step<World>[] = [];
  const step = (name: string, change: Partial<World>, fault = false) =>
    steps.push({ name, fault, world: { ...world, ...change } });
  const spend = (what: keyof World["left"]) => ({ left: { ...world.left, [what]: world.left[what] - 1 } });
  const party: Party = { world, rules, step, spend };
  apiSteps(party);
  clientSteps(party);
  workerSteps(party, 0);
  workerSteps(party, 1);
  sweeperSteps(party);
  for (const queue of ["short", "long"] as const) {
    if (world.messages[queue] === 0 || world.left.loss === 0) continue;
    step("a message is lost", { messages: acked(world, queue), ...spend("loss") }, true);
  }
  return steps;
}

type Party = {
  world: World;
  rules: ReadonlySet<Rule>;
  step: (name: string, change: Partial<World>, fault?: boolean) => void;
  spend: (what: keyof World["left"]) => Pick<World, "left">;
};

function apiSteps({ world, rules, step, spend }: Party): void {
  if (world.api === null) return;
  const order = rules.has("timer before record")
    ? ["timer", "inputs", "record", "message", "reply"]
    : ["inputs", "record", "message", "timer", "reply"];
  const next = { api: world.api + 1 };
  if (world.left.crash > 0) step("api: crashes", { api: null, apiUnsure: false, ...spend("crash") }, true);
  if (world.apiUnsure) {
    if (rules.has("own write")) step("api: reads: it was its own write", { ...next, apiUnsure: false });
    // taken for somebody else's: the request is refused, and what it stored is taken back
    else step("api: refused, cleans up", { api: null, apiUnsure: false, files: {}, timers: [] });
    return;
  }
  switch (order[world.api]) {
    case "timer":
      step("api: arms the timer", { ...next, timers: withTimer(world.timers, "look") });
      return;
    case "inputs":
      if (world.byUrl) step("api: leaves the input to be fetched", next);
      else step("api: stores the inputs", { ...next, files: { ...world.files, in: 0 } });
      return;
    case "record": {
      const nobodys = { attempt: FIRST_ATTEMPT - 1, token: null, out: null, in: world.byUrl ? null : 0, write: "" };
      const rec: Rec = { state: "queued", queue: "short", ...nobodys };
      step("api: creates the record", { ...next, rec });
      if (world.left.reply > 0) step("api: creates it, no reply", { rec, apiUnsure: true, ...spend("reply") }, true);
      return;
    }
    case "message":
      step("api: sends the message", { ...next, messages: sent(world, "short") });
      return;
    default:
      step("api: 202", { api: null, told: true });
  }
}

function clientSteps({ world, rules, step, spend }: Party): void {
  const { rec, left } = world;
  if (world.purging) {
    step("DELETE: purges", { purging: false, files: {} });
    if (left.crash > 0) step("DELETE: crashes", { purging: false, ...spend("crash") }, true);
  }
  if (!world.told || left.client === 0 || !rec) return;
  const canceled = changed(rec, { by: "api", do: "cancel" });
  if (canceled) step("client: cancel", { rec: canceled, ...movedBy(canceled, world, rules), ...spend("client") }, true);
  if (!rules.has("tombstone")) {
    step("client: DELETE, nothing stays", { rec: null, files: {}, timers: [], ...spend("client") }, true);
    return;
  }
  const deleted = changed(rec, { by: "api", do: "delete" });
  if (deleted) step("client: DELETE", { rec: deleted, purging: true, ...spend("client") }, true);
}

function workerSteps({ world, rules, step, spend }: Party, n: 0 | 1): void {
  const { rec, left } = world;
  const me = world.workers[n];
  const name = `worker ${n}: `;
  const mine = (worker: Worker) => ({
    workers: (n === 0 ? [worker, world.workers[1]] : [world.workers[0], worker]) as World["workers"],
  });
  const done = { ...mine(IDLE), messages: acked(world, me.from) };
  if (me.at !== "idle" && left.crash > 0) step(`${name}crashes`, { ...mine(IDLE), ...spend("crash") }, true);
  // an attempt is claimed once, so that its number is as good as a random token
  const token = rules.has("fence") ? `${me.attempt}` : "any";
  const outKey = rules.has("files per attempt") ? `out/${me.attempt}` : "out";
  /** Makes a change, with and without a reply; `then` is the worker after it. */
  const write = (what: string, next: Rec, then: Partial<World>, again: Worker) => {
    // its own step after a success: that is where the crash comes
    const moved = next.state === "succeeded" ? {} : movedBy(next, world, rules);
    step(name + what, { rec: next, ...moved, ...then });
    if (left.reply === 0) return;
    const unsure = { ...again, unsure: true };
    step(
      `${name}${what}, no reply`,
      { rec: { ...next, write: `${n}` }, ...moved, ...mine(unsure), ...spend("reply") },
      true,
    );
  };

  switch (me.at) {
    case "idle":
      for (const from of ["short", "long"] as const) {
        if (world.messages[from] > 0) step(`${name}receives from ${from}`, mine({ ...IDLE, at: "got", from }));
      }
      return;
    case "got": {
      if (me.unsure && rules.has("own write") && rec?.write === `${n}`) {
        const then = isEnded(rec.state) ? done : mine({ ...me, at: begins(rec), attempt: rec.attempt, unsure: false });
        step(`${name}reads: its own write`, { ...then, rec: { ...rec, write: "" } });
        return;
      }
      if (!rec || isEnded(rec.state)) {
        step(`${name}acknowledges`, done);
        return;
      }
      if (rec.queue !== me.from && rules.has("taken from its own queue only")) {
        step(`${name}acknowledges what has moved`, done);
        return;
      }
      if (rec.state === "canceling") {
        if (!rules.has("cancels are closed")) {
          step(`${name}acknowledges a cancel`, done);
          return;
        }
        const closed = changed(rec, { by: "worker", do: "close", leaseAlive: false });
        if (closed) write("closes the cancel", closed, done, me);
        step(`${name}leaves it, the lease is alive`, mine(IDLE));
        return;
      }
      const attempt = rec.attempt + 1;
      const kept = rules.has("outputs go with their claim") ? {} : { out: rec.out };
      const claim = { token: rules.has("fence") ? `${attempt}` : "any", worker: "", leaseAlive: false };
      const claimed = changed(rec, { by: "worker", do: "claim", ...claim });
      const next = claimed && { ...claimed, ...kept };
      const then = next?.state === "running" ? mine({ ...me, at: begins(next), attempt, unsure: false }) : done;
      if (next) write("claims", next, then, me);
      if (rec.state === "running") step(`${name}leaves it, the lease is alive`, mine(IDLE));
      return;
    }
    case "fetching": {
      // what is there already is not fetched again
      const there = rules.has("fetched files are stored once") ? world.files.in : undefined;
      const seen = there ?? me.attempt;
      step(`${name}fetches`, { ...mine({ ...me, at: "fetched", seen }), files: { ...world.files, in: seen } });
      step(`${name}gives up`, mine({ ...me, at: "dropping" }));
      return;
    }
    case "fetched": {
      const lost = mine({ ...me, at: "dropping", unsure: false });
      if (me.unsure && rules.has("own write") && rec?.write === `${n}`) {
        const then =
          rec.token === token && rec.state === "running" ? mine({ ...me, at: "claimed", unsure: false }) : lost;
        step(`${name}reads: its own write`, { ...then, rec: { ...rec, write: "" } });
        return;
      }
      const whole = rec && changed(rec, { by: "holder", token, do: "fetched", ...fetchedBy(me.seen) });
      if (whole) write("has fetched", whole, mine({ ...me, at: "claimed", unsure: false }), me);
      else step(`${name}has lost it`, lost);
      return;
    }
    case "claimed": {
      if (me.unsure && rec?.write === `${n}`) {
        const then = mine({ ...me, at: "sending", unsure: false });
        step(`${name}reads: it has moved it`, { ...then, rec: { ...rec, write: "" } });
        return;
      }
      const longer = { by: "holder", token, do: "requeue", queue: "long", estimateSeconds: 2 } as const;
      const moved = world.left.move > 0 && rec && changed(rec, longer);
      if (moved) {
        const then = { ...mine({ ...me, at: "sending", unsure: false }), ...spend("move") };
        step(`${name}moves it to the long queue`, { rec: moved, ...then }, true);
        const unsure = {
          ...mine({ ...me, unsure: true }),
          left: { ...world.left, move: 0, reply: world.left.reply - 1 },
        };
        if (world.left.reply > 0)
          step(`${name}moves it, no reply`, { rec: { ...moved, write: `${n}` }, ...unsure }, true);
      }
      step(`${name}stores`, { ...mine({ ...me, at: "stored" }), files: { ...world.files, [outKey]: me.attempt } });
      step(`${name}gives up`, mine({ ...me, at: "dropping" }));
      return;
    }
    case "sending":
      step(`${name}sends it to the long queue`, { ...mine(IDLE), messages: sent({ ...world, ...done }, "long") });
      return;
    case "stored": {
      const ended = rules.has("timer moved by the sweeper alone") ? done : mine({ ...me, at: "moving", unsure: false });
      if (me.unsure && rules.has("own write") && rec?.write === `${n}`) {
        const published = rec.state === "running" && rec.token === token;
        const next = mine({ ...me, at: published ? "stored" : "dropping", unsure: false });
        const then = rec.state === "succeeded" ? ended : next;
        step(`${name}reads: its own write`, { ...then, rec: { ...rec, write: "" } });
        return;
      }
      const by = { by: "holder", token } as const;
      const lost = { ...mine({ ...me, at: "dropping", unsure: false }) };
      const succeeded = rec && changed(rec, { ...by, do: "succeed", ...resultOf(me.attempt) });
      const canceled = rec && changed(rec, { ...by, do: "cancelDone" });
      if (succeeded) {
        write("succeeds", succeeded, ended, me);
        const early = changed(rec, { ...by, do: "publish", outputs: resultOf(me.attempt).outputs });
        if (early && rec.out !== me.attempt) write("publishes", early, mine({ ...me, unsure: false }), me);
        return;
      }
      if (canceled) {
        write("has canceled", canceled, lost, me);
        return;
      }
      step(`${name}has lost it`, lost);
      return;
    }
    case "moving":
      step(`${name}moves the timer`, { ...done, timers: ["expire"] });
      return;
    case "dropping": {
      const { [outKey]: _, ...files } = world.files;
      // hands back what it still holds
      const given = rec && changed(rec, { by: "holder", token, do: "handBack" });
      step(`${name}drops its files`, { ...mine(IDLE), files, ...(given ? { rec: given } : {}) });
    }
  }
}

/** What a worker does first with what it has claimed. */
function begins(rec: Rec): Worker["at"] {
  return rec.in === null ? "fetching" : "claimed";
}

function sweeperSteps({ world, rules, step, spend }: Party): void {
  const { sweeper } = world;
  if (sweeper) {
    if (world.left.crash > 0) step("sweeper: crashes", { sweeper: null, ...spend("crash") }, true);
    let timers = world.timers;
    if (sweeper.arm) timers = withTimer(timers, sweeper.arm);
    if (sweeper.drop) timers = timers.filter((timer) => timer !== sweeper.drop);
    step("sweeper: second half of moving the timer", { sweeper: null, timers });
    return;
  }
  const quiet = world.api === null && !world.purging && world.workers.every(({ at }) => at === "idle");
  for (const timer of world.timers) {
    const without = world.timers.filter((other) => other !== timer);
    const { rec } = world;
    if (timer === "purge again" && !quiet) continue;
    if (!rec) {
      if (world.api === null) step("sweeper: no record", { files: {}, timers: without });
      continue;
    }
    const late = timer !== "look";
    if (isClosed(rec) && (timer === "purge again" || !rules.has("second purge"))) {
      step("sweeper: takes the record away", { rec: null, files: {}, timers: without });
      continue;
    }
    const next = (late && changed(rec, { by: "sweeper", do: "expire" }, RESULT_LIFE_MS)) || closing(rec, rules) || rec;
    const change: Partial<World> = { rec: next };
    if (isClosed(next)) change.files = {};
    if (next.state === "queued" || next.state === "running") {
      change.messages = { ...world.messages, [next.queue]: Math.max(1, world.messages[next.queue]) };
    }
    if (isEnded(next.state) && !isClosed(next) && !rules.has("timer moved by the sweeper alone")) {
      step("sweeper: ended, drops the timer", { ...change, timers: without });
      continue;
    }
    const moved = isClosed(next) ? "purge again" : isEnded(next.state) ? "expire" : "look";
    if (moved === timer) step(`sweeper: ${timer}`, change);
    else if (rules.has("next timer before the last is dropped")) {
      const timers = withTimer(world.timers, moved);
      step(`sweeper: ${timer}, arms '${moved}'`, { ...change, timers, sweeper: { arm: null, drop: timer } });
    } else step(`sweeper: ${timer}, drops it`, { ...change, timers: without, sweeper: { arm: moved, drop: null } });
  }
}

function closing(rec: Rec, rules: ReadonlySet<Rule>): Rec | null {
  return rules.has("cancels are closed") ? changed(rec, { by: "sweeper", do: "close", leaseAlive: false }) : null;
}

/** Without the rule, whoever ends a job moves its timer. */
function movedBy(rec: Rec, { timers }: World, rules: ReadonlySet<Rule>): Partial<World> {
  const ends = isEnded(rec.state) && !rules.has("timer moved by the sweeper alone");
  return ends ? { timers: withTimer(timers, "expire") } : {};
}
