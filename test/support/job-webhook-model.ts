/**
 * The event of a job's end as a small world, to be searched through whole: a worker that ends the job, two deliverers, the receiver, the
 * sweeper, a DELETE or a replay by the client, crashes, lost messages, answers that the receiver refuses, and deliverers that are thought
 * dead and go on. The record is changed by the real `changeJob`; how the job comes to its end is in `job-protocol-model.ts`. Time is a
 * choice: what is put off may be due at any moment, but for a try whose deliverer is at it.
 */
import { type Change, changeJob } from "@smileloop/core/job/change.ts";
import { RETRY_DELAYS_MS } from "@smileloop/core/job/deliveries.ts";
import { type JobRecord, newJobRecord } from "@smileloop/core/job/record.ts";
import { newWebhook } from "@smileloop/core/job/webhook.ts";
import type { Step } from "./explore.ts";

/** What keeps events safe, each to be left out in turn. */
export const RULES = [
  "the end and its event are one write",
  "begun before it is sent",
  "one id for all tries",
  "settled after the answer",
  "the sweeper sends messages again",
  "a timer before the replay",
] as const;
export type Rule = (typeof RULES)[number];

type Deliverer = { at: "idle" | "got" | "begun" | "answered"; nth: number; taken: boolean };
export type World = {
  /** Null once it is taken away. */
  record: JobRecord | null;
  /** Of the worker: before its write, between two writes, or done. */
  worker: "works" | "halfway" | "done";
  messages: number;
  /** Whether the sweeper will look at the record. */
  timer: boolean;
  deliverers: [Deliverer, Deliverer];
  /** Ids under which the receiver took the event, since the last replay. */
  got: string[];
  /** What happened that may never. */
  wrong: string | null;
  /** Whether the client has deleted the job. */
  deleted: boolean;
  /** A replay between its first and its second half. */
  replaying: boolean;
  left: { crash: number; loss: number; refusal: number; client: number; stall: number };
};

/** More than can go wrong here: without rules there would be no end. */
const MOST_TRIES = 6;
const IDLE: Deliverer = { at: "idle", nth: 0, taken: false };
const LATE_MS = RETRY_DELAYS_MS.reduce((sum, ms) => sum + ms, 0);
const NEW = { id: "x", owner: "local", kind: "draw", queue: "short", engine: "pencil", estimateSeconds: 1 };
const BASE = newJobRecord(
  { ...NEW, params: {}, metadata: {}, inputs: {}, webhook: newWebhook({ url: "http://a.example/", base: "" }) },
  0,
);
const RUNNING = must(BASE, { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false });
const END: Change = { by: "holder", token: "t", do: "fail", error: { code: "no_face", detail: "" } };

export function firstWorld(left: Partial<World["left"]>): World {
  return {
    ...{ record: RUNNING, worker: "works", messages: 0, timer: true, deliverers: [IDLE, IDLE], got: [], wrong: null },
    ...{ deleted: false, replaying: false },
    left: { crash: 0, loss: 0, refusal: 0, client: 0, stall: 0, ...left },
  };
}

export function keyOf({
  record,
  worker,
  messages,
  timer,
  deliverers,
  got,
  wrong,
  deleted,
  replaying,
  left,
}: World): string {
  const { state, tries, replayed, attempts } = record?.webhook ?? {};
  const parts = deliverers.map(({ at, nth, taken }) => `${at}${nth}${taken}`).sort();
  const known = record && [record.state, state, tries, replayed, attempts?.length].join(".");
  return [
    known,
    worker,
    messages,
    timer,
    parts,
    [...new Set(got)].sort(),
    wrong,
    deleted,
    replaying,
    Object.values(left),
  ].join("|");
}

type Party = {
  world: World;
  rules: ReadonlySet<Rule>;
  step: (name: string, change: Partial<World>, fault?: boolean) => void;
  spend: (what: keyof World["left"]) => Pick<World, "left">;
};

export function stepsFrom(world: World, rules: ReadonlySet<Rule>): Step<World>[] {
  const steps: Step<World>[] = [];
  const party: Party = {
    world,
    rules,
    step: (name, change, fault = false) => steps.push({ name, fault, world: { ...world, ...change } }),
    spend: (what) => ({ left: { ...world.left, [what]: world.left[what] - 1 } }),
  };
  workerSteps(party);
  delivererSteps(party, 0);
  delivererSteps(party, 1);
  sweeperSteps(party);
  clientSteps(party);
  if (world.messages > 0 && world.left.loss > 0) {
    party.step("a message is lost", { messages: world.messages - 1, ...party.spend("loss") }, true);
  }
  return steps;
}

const more = (messages: number) => Math.min(2, messages + 1);

function workerSteps({ world, rules, step, spend }: Party): void {
  const { record, worker, messages, left } = world;
  if (worker === "done" || !record) return;
  const halves = !rules.has("the end and its event are one write");
  if (left.crash > 0) step("worker: crashes", { worker: "done", ...spend("crash"), ...endedByOther(world) }, true);
  if (worker === "halfway") {
    step("worker: makes the event due", {
      record: { ...record, webhook: must(RUNNING, END).webhook! },
      worker: "done",
      messages: more(messages),
    });
    return;
  }
  const ended = changed(record, END);
  if (!ended) step("worker: has lost it", { worker: "done" });
  else if (halves) step("worker: ends the job", { record: { ...ended, webhook: record.webhook! }, worker: "halfway" });
  else step("worker: ends the job", { record: ended, worker: "done", messages: more(messages) });
}

/** The sweeper fails a job whose worker has died; with its event, as every end. */
function endedByOther({ record, worker, messages }: World): Partial<World> {
  const ended = worker === "halfway" || !record ? null : changed(record, END);
  return ended ? { record: ended, messages: more(messages) } : {};
}

function delivererSteps({ world, rules, step, spend }: Party, n: 0 | 1): void {
  const { record, messages, got, left } = world;
  const me = world.deliverers[n];
  const mine = (next: Deliverer) => ({
    deliverers: (n === 0 ? [next, world.deliverers[1]] : [world.deliverers[0], next]) as World["deliverers"],
  });
  const does = (what: string, change: Partial<World>, fault = false) => step(`deliverer ${n}: ${what}`, change, fault);
  if (me.at !== "idle" && left.crash > 0) {
    // its message comes again
    does("crashes", { ...mine(IDLE), messages: more(messages), ...spend("crash") }, true);
  }
  switch (me.at) {
    case "idle":
      if (messages > 0) does("receives", { ...mine({ ...IDLE, at: "got" }), messages: messages - 1 });
      return;
    case "got": {
      const begun = record && changed(record, { by: "deliverer", do: "deliver" });
      const begins = rules.has("begun before it is sent");
      const other = world.deliverers[n === 0 ? 1 : 0];
      const isAtIt =
        begins && (other.at === "begun" || other.at === "answered") && other.nth === record?.webhook?.tries;
      if (!begun || begun.webhook!.tries > MOST_TRIES) does("acknowledges", mine(IDLE));
      else if (isAtIt) {
        does("is told that it is not due", { ...mine(IDLE), messages: more(messages) });
        const next = { ...mine({ at: "begun", nth: begun.webhook!.tries, taken: false }), record: begun };
        if (left.stall > 0) does("takes it from a slow one", { ...next, ...spend("stall") }, true);
      } else if (begins) {
        does("begins", { ...mine({ at: "begun", nth: begun.webhook!.tries, taken: false }), record: begun });
      } else does("begins without a word", mine({ at: "begun", nth: record.webhook!.tries, taken: false }));
      return;
    }
    case "begun": {
      const id = rules.has("one id for all tries") ? "id" : `id${me.nth}`;
      const both = world.deliverers[n === 0 ? 1 : 0].at === "begun" && world.deliverers[n === 0 ? 1 : 0].nth === me.nth;
      const wrong = both ? "two send the same try" : record === null ? null : tooEarly(record);
      does("sends, and it is taken", {
        ...mine({ ...me, at: "answered", taken: true }),
        got: [...new Set([...got, id])],
        wrong,
      });
      if (left.refusal > 0) {
        does("sends, and it is refused", { ...mine({ ...me, at: "answered" }), wrong, ...spend("refusal") }, true);
      }
      return;
    }
    case "answered": {
      const outcome = me.taken ? "delivered" : "failed";
      const attempt = { at: 0, status: 0, ms: 0, error: null };
      const settled = record && changed(record, { by: "deliverer", do: "delivered", nth: me.nth, outcome, attempt });
      const again = settled?.webhook?.state === "pending" ? { messages: more(messages) } : {};
      if (!rules.has("settled after the answer")) does("forgets the answer", mine(IDLE));
      else does("settles it", { ...mine(IDLE), ...(settled ? { record: settled } : {}), ...again });
    }
  }
}

function tooEarly({ state }: JobRecord): string | null {
  return state === "queued" || state === "running" ? "sent before the job has ended" : null;
}

function sweeperSteps({ world, rules, step }: Party): void {
  const { record, messages, timer, worker } = world;
  if (!timer || !record || worker !== "done") return;
  const pending = record.webhook?.state === "pending";
  if (pending) {
    if (messages === 0 && rules.has("the sweeper sends messages again"))
      step("sweeper: sends the message again", { messages: 1 });
    // its record stays for longer than there are tries
    if (rules.has("the sweeper sends messages again")) return;
  }
  const quiet = world.deliverers.every(({ at }) => at === "idle") && !world.replaying;
  if (quiet && messages === 0) step("sweeper: takes the record away", { record: null, timer: false });
}

function clientSteps({ world, rules, step, spend }: Party): void {
  const { record, left, messages, replaying } = world;
  if (replaying) {
    step("replay: sends the message", { replaying: false, messages: more(messages) });
    if (left.crash > 0) step("replay: crashes", { replaying: false, ...spend("crash") }, true);
    return;
  }
  if (!record || left.client === 0) return;
  const deleted = changed(record, { by: "api", do: "delete" });
  if (deleted) step("client: DELETE", { record: deleted, deleted: true, got: [], ...spend("client") }, true);
  const again = record.webhook?.state === "delivered" && changed(record, { by: "api", do: "replay" });
  // the sweeper's own timer is an hour away by then: here, never
  const timer = rules.has("a timer before the replay");
  if (again)
    step("client: asks for a replay", { record: again, got: [], replaying: true, timer, ...spend("client") }, true);
}

/** Far away in time, so that nothing that was put off is not due. */
let nowMs = 0;
function changed(record: JobRecord, change: Change): JobRecord | null {
  nowMs += LATE_MS;
  const next = changeJob(
    { ...record, deadline_at: Number.MAX_SAFE_INTEGER },
    change,
    change.do === "deliver" ? nowMs : 0,
  );
  return typeof next === "string" ? null : next;
}

function must(record: JobRecord, change: Change): JobRecord {
  const next = changeJob(record, change, 0);
  if (typeof next === "string") throw new Error(`${change.do}: ${next}`);
  return next;
}
