/**
 * A job whose work a service elsewhere does, as a small world to be searched through whole: two workers, the service, the sweeper, one
 * cancel or DELETE by the client, and at most one crash, one worker that is thought dead and goes on, one lost message, one reply of the
 * service that is lost, and one answer that it has no room. The record is changed by the real `changeJob`; files, timers and replies of
 * the storage are those of `job-protocol-model.ts`.
 */
import { type Change, changeJob, MAX_CLAIMS } from "@smileloop/core/job/change.ts";
import { isEnded, type JobRecord, type JobState, newJobRecord } from "@smileloop/core/job/record.ts";
import type { Step } from "./explore.ts";

/** What keeps such jobs safe, each to be left out in turn. */
export const RULES = [
  "one key for all tries",
  "a wait is not a claim",
  "the id is kept",
  "messages are sent again",
  "cancels are closed",
] as const;
export type Rule = (typeof RULES)[number];

type Rec = {
  state: JobState;
  attempt: number;
  waits: number;
  token: string | null;
  external: "none" | "intent" | "id";
  sealed: boolean;
};
type Worker = {
  at: "idle" | "got" | "claimed" | "ready" | "sent" | "waits" | "busy" | "done";
  attempt: number;
};
export type World = {
  rec: Rec | null;
  messages: number;
  workers: [Worker, Worker];
  /** How often the work was paid for, and whether it is done. */
  paid: number;
  done: boolean;
  left: { crash: number; stall: number; loss: number; reply: number; full: number; client: number; looks: number };
};

/** Three claims are left. */
const FIRST_ATTEMPT = MAX_CLAIMS - 3;
const IDLE: Worker = { at: "idle", attempt: 0 };
const ID = "theirs";
const NEW = { id: "x", owner: "local", kind: "draw", queue: "far", engine: "elsewhere", estimateSeconds: 1 };
const BASE: JobRecord = newJobRecord({ ...NEW, params: {}, metadata: {}, inputs: {} }, 0);

export function firstWorld(left: Partial<World["left"]>): World {
  const rec: Rec = { state: "queued", attempt: FIRST_ATTEMPT, waits: 0, token: null, external: "none", sealed: true };
  const none = { crash: 0, stall: 0, loss: 0, reply: 0, full: 0, client: 0, looks: 0 };
  return { rec, messages: 1, workers: [IDLE, IDLE], paid: 0, done: false, left: { ...none, ...left } };
}

export function keyOf({ rec, messages, workers, paid, done, left }: World): string {
  const [a, b] = workers.map(({ at, attempt }) => `${at}${attempt}`) as [string, string];
  const record = rec && [rec.state, rec.attempt, rec.waits, rec.token, rec.external, rec.sealed].join(".");
  return [record, messages, a < b ? `${a}|${b}` : `${b}|${a}`, paid, done, Object.values(left).join("")].join("/");
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
  workerSteps(party, 0);
  workerSteps(party, 1);
  otherSteps(party);
  return steps;
}

function otherSteps({ world, rules, step, spend }: Party): void {
  const { rec, messages, left } = world;
  if (world.paid > 0 && !world.done) step("service: the work is done", { done: true });
  if (messages > 0 && left.loss > 0) step("a message is lost", { messages: messages - 1, ...spend("loss") }, true);
  if (!rec) return;
  const waits = rec.state === "queued" || rec.state === "running";
  if (waits && messages === 0 && rules.has("messages are sent again")) step("sweeper: sends it again", { messages: 1 });
  const closed = changed(rec, { by: "sweeper", do: "close", leaseAlive: false });
  if (closed && rules.has("cancels are closed")) step("sweeper: closes the cancel", { rec: closed });
  if (left.client === 0) return;
  const canceled = changed(rec, { by: "api", do: "cancel" });
  if (canceled)
    step("client: cancel", { rec: canceled, messages: Math.min(2, messages + 1), ...spend("client") }, true);
  const deleted = changed(rec, { by: "api", do: "delete" });
  if (deleted) step("client: DELETE", { rec: deleted, ...spend("client") }, true);
}

function workerSteps({ world, rules, step, spend }: Party, n: 0 | 1): void {
  const { rec, left } = world;
  const me = world.workers[n];
  const other = world.workers[n === 0 ? 1 : 0];
  const token = `${me.attempt}`;
  const mine = (worker: Worker) => ({
    workers: (n === 0 ? [worker, world.workers[1]] : [world.workers[0], worker]) as World["workers"],
  });
  const to = (at: Worker["at"]) => mine({ ...me, at });
  const acked = { ...mine(IDLE), messages: Math.max(0, world.messages - 1) };
  const does = (what: string, more: Partial<World>, fault = false) => step(`worker ${n}: ${what}`, more, fault);
  if (me.at !== "idle" && left.crash > 0) does("crashes", { ...mine(IDLE), ...spend("crash") }, true);
  /** Writes as the holder; one that has lost the claim stops. */
  const write = (what: string, change: Change & { by: "holder" }, then: Partial<World>) => {
    const next = rec && changed(rec, change);
    if (next) does(what, { rec: next, ...then });
    else if (rec?.state === "canceling" && rec.token === token) does("stops", { ...giveUp(rec, token), ...mine(IDLE) });
    else does("has lost it", mine(IDLE));
  };
  const external = (id: string | null) =>
    ({ by: "holder", token, do: "external", external: { provider: "p", id } }) as const;
  const waitsFor = rules.has("a wait is not a claim") ? ({ waitsFor: "service" } as const) : {};

  switch (me.at) {
    case "idle":
      if (world.messages > 0) does("receives", mine({ ...IDLE, at: "got" }));
      return;
    case "got": {
      if (!rec || isEnded(rec.state)) {
        does("acknowledges", acked);
        return;
      }
      const closed = changed(rec, { by: "worker", do: "close", leaseAlive: false });
      if (rec.state === "canceling") {
        if (closed && rules.has("cancels are closed")) does("closes the cancel", { rec: closed, ...acked });
        does("leaves it", mine(IDLE));
        return;
      }
      const attempt = rec.attempt + 1;
      const next = changed(rec, { by: "worker", do: "claim", token: `${attempt}`, worker: "", leaseAlive: false });
      const then = next?.state === "running" ? mine({ at: "claimed", attempt }) : acked;
      const held =
        rec.state === "running" && other.at !== "idle" && other.at !== "got" && `${other.attempt}` === rec.token;
      if (held) does("leaves it", mine(IDLE));
      if (next && !held) does("claims", { rec: next, ...then });
      if (next && held && left.stall > 0)
        does("takes it from a slow one", { rec: next, ...then, ...spend("stall") }, true);
      return;
    }
    case "claimed":
      if (rec?.token !== token || rec.external === "intent") does("makes it ready", to("ready"));
      else if (rec.external === "none") write("is about to send", external(null), to("ready"));
      else if (world.done) does("fetches the result", to("done"));
      else if (left.looks > 0) does("is told to wait", { ...to("waits"), ...spend("looks") });
      return;
    case "ready": {
      const again = world.paid > 0 && rules.has("one key for all tries");
      const paid = again ? world.paid : world.paid + 1;
      does("sends", { paid, ...to("sent") });
      if (left.reply > 0) does("sends, no reply", { paid, ...to("waits"), ...spend("reply") }, true);
      if (left.full > 0 && !again) does("is refused", { ...to("busy"), ...spend("full") }, true);
      return;
    }
    case "busy":
      write("notes that nothing was taken", { by: "holder", token, do: "external", external: null }, to("waits"));
      return;
    case "sent":
      if (rules.has("the id is kept")) write("keeps the id", external(ID), to("waits"));
      else if (left.looks > 0) does("forgets the id", { ...to("waits"), ...spend("looks") });
      return;
    case "waits":
      write("waits", { by: "holder", token, do: "handBack", ...waitsFor }, mine(IDLE));
      return;
    case "done": {
      const result = { outputs: {}, engineVersion: "", warnings: [], timings: {} };
      write("succeeds", { by: "holder", token, do: "succeed", ...result }, acked);
    }
  }
}

function giveUp(rec: Rec, token: string): Partial<World> {
  const next = changed(rec, { by: "holder", token, do: "cancelDone" });
  return next ? { rec: next } : {};
}

const made = new Map<string, Rec | null>();

/** The real change, on a record made from what the world keeps of it; null when it is refused. Each is made once. */
function changed(rec: Rec, change: Change): Rec | null {
  const key = `${Object.values(rec).join(".")}|${JSON.stringify(change)}`;
  let next = made.get(key);
  if (next === undefined) {
    next = madeChange(rec, change);
    made.set(key, next);
  }
  return next;
}

function madeChange(rec: Rec, change: Change): Rec | null {
  const { state, attempt, waits, token } = rec;
  const kept = rec.external === "none" ? {} : { external: { provider: "p", id: rec.external === "id" ? ID : null } };
  const record: JobRecord = {
    ...BASE,
    ...{ state, attempt, waits, ...kept },
    claim: token === null ? null : { token, worker: "" },
    ...(rec.sealed ? { sealed: { key: "sealed" } } : {}),
  };
  const next = changeJob(record, change, 0);
  if (typeof next === "string") return null;
  const external = next.external === undefined ? "none" : next.external.id === null ? "intent" : "id";
  return {
    ...{ state: next.state, attempt: next.attempt, waits: next.waits ?? 0, token: next.claim?.token ?? null, external },
    sealed: next.sealed !== undefined,
  };
}
