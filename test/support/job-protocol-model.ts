/**
 * A model of the job protocol, explored exhaustively: one job, one API call, two workers, the sweeper, one cancel or DELETE by
 * the client, at most one crash (or one lease that runs out while its holder is at work), one lost message, one write whose
 * reply is lost and one failure of the engine. Time is free: a timer may be due at any moment. What changes the record is the real `changeJob`; the rest
 * is what jobs.ts, run-job.ts and sweep.ts do, step by step, so that each step can be the last before a crash.
 *
 * `deadline_at` is left out on purpose: after 12 hours it would end any job, and hide what is stuck until then.
 */
import { type Change, changeJob, isEnded, type JobRecord, newJobRecord, RESULT_LIFE_MS } from "@smileloop/core/job.ts";

/** The rules that can be left out, to see what each is for (docs/architecture.md, "The rules of writing"). */
export const RULES = {
  ownWrite: "after an unknown outcome the writer reads, and knows its own write by the nonce",
  fence: "only who holds the claim writes as its holder",
  filesPerAttempt: "outputs are kept by attempt",
  timerFirst: "the timer is armed before the record is written",
  resend: "the sweeper sends the message of a queued job, and of one with a dead lease, again",
  sweeperMovesTimer: "the sweeper alone moves the timer, whoever ends the job",
  nextBeforeDrop: "the next timer is written before the last is dropped",
  tombstone: "DELETE leaves a tombstone",
  closing: "a canceling job whose holder is gone is closed by the next worker or sweep",
  secondPurge: "files are purged once more, for late writers",
} as const;
export type Rule = keyof typeof RULES;

export type WrongEnd =
  | "succeeded without its file"
  | "stuck"
  | "never swept"
  | "files left"
  | "written by somebody else than the holder";

type TimerName = "look" | "expiry" | "purge" | "gone";
type Worker = { at: "idle" | "got" | "claimed" | "stored" | "done"; token: string; attempt: number };
type State = {
  api: "start" | "armed" | "stored" | "written" | "sent" | "answered" | "gone";
  record: JobRecord | null;
  /** `in`, or `out/<attempt>` with the attempt whose bytes it has. */
  files: Record<string, number>;
  messages: number;
  timers: TimerName[];
  workers: [Worker, Worker];
  /** A timer that the sweeper is moving. */
  sweeper: { from: TimerName; to: TimerName | null } | null;
  left: { crash: number; message: number; reply: number; client: number; failure: number };
  foreign: boolean;
};
type Step = { label: string; next: State; failure: boolean };

const IDLE: Worker = { at: "idle", token: "", attempt: 0 };
const LATER_MS = RESULT_LIFE_MS * 10;

export type Explored = { states: number; wrongEnds: Map<WrongEnd, string[]> };

/**
 * Visits every state that can be reached without the rules left out; each wrong end comes with the shortest way to it.
 * `untilWrong`: only up to the first.
 */
export function explore(leftOut: Rule[] = [], untilWrong = false): Explored {
  const rules = new Set((Object.keys(RULES) as Rule[]).filter((rule) => !leftOut.includes(rule)));
  const start: State = {
    api: "start",
    record: null,
    files: {},
    messages: 0,
    timers: [],
    workers: [IDLE, IDLE],
    sweeper: null,
    left: { crash: 1, message: 1, reply: 1, client: 1, failure: 1 },
    foreign: false,
  };
  const from = new Map<string, { key: string; label: string } | null>([[keyOf(start), null]]);
  const wrongEnds: Explored["wrongEnds"] = new Map();
  let frontier = [start];
  while (frontier.length > 0 && !(untilWrong && wrongEnds.size > 0)) {
    const found: State[] = [];
    for (const state of frontier) {
      const key = keyOf(state);
      let nothingHappens = true;
      for (const { label, next, failure } of stepsFrom(state, rules)) {
        const nextKey = keyOf(next);
        if (!failure && nextKey !== key) nothingHappens = false;
        if (from.has(nextKey)) continue;
        from.set(nextKey, { key, label });
        found.push(next);
      }
      const end = wrongEndOf(state, nothingHappens);
      if (end && !wrongEnds.has(end)) wrongEnds.set(end, wayTo(key, from));
    }
    frontier = found;
  }
  return { states: from.size, wrongEnds };
}

function wrongEndOf({ record, files, timers, foreign }: State, nothingHappens: boolean): WrongEnd | null {
  if (foreign) return "written by somebody else than the holder";
  const output = record?.outputs.video;
  if (record?.state === "succeeded" && output && files[output.key] !== output.attempt) {
    return "succeeded without its file";
  }
  if (!nothingHappens) return null;
  if (record && !isEnded(record.state)) return "stuck";
  if (record && timers.length === 0) return "never swept";
  if (!record && Object.keys(files).length > 0) return "files left";
  return null;
}

function stepsFrom(state: State, rules: Set<Rule>): Step[] {
  return [
    ...apiSteps(state, rules),
    ...clientSteps(state, rules),
    ...state.workers.flatMap((_, index) => workerSteps(state, index, rules)),
    ...sweeperSteps(state, rules),
    ...failures(state),
  ];
}

function apiSteps(state: State, rules: Set<Rule>): Step[] {
  const arm = (next: State["api"]) =>
    step("API arms the timer", { ...state, api: next, timers: withTimer(state, "look") });
  const write = (next: State["api"]): Step[] => {
    const fresh = newJobRecord(
      {
        id: "0",
        owner: "o",
        kind: "k",
        queue: "q",
        params: {},
        metadata: {},
        inputs: {},
        engine: "e",
        estimateSeconds: 1,
      },
      0,
    );
    const written = { ...state, api: next, record: { ...fresh, write: "api" } };
    const unknown = {
      ...written,
      left: { ...state.left, reply: 0 },
      api: rules.has("ownWrite") ? next : ("gone" as const),
    };
    return [step("API writes the record", written), ...(state.left.reply ? [step("… reply lost", unknown)] : [])];
  };
  switch (state.api) {
    case "start":
      return rules.has("timerFirst") ? [arm("armed")] : [step("API begins", { ...state, api: "armed" })];
    case "armed":
      return [step("API stores the inputs", { ...state, api: "stored", files: { ...state.files, in: 0 } })];
    case "stored":
      return write("written");
    case "written":
      if (!rules.has("timerFirst") && state.timers.length === 0) return [arm("written")];
      return [step("API sends the message", { ...state, api: "sent", messages: Math.min(2, state.messages + 1) })];
    case "sent":
      return [step("API answers", { ...state, api: "answered" })];
    default:
      return [];
  }
}

function clientSteps(state: State, rules: Set<Rule>): Step[] {
  if (state.api !== "answered" || !state.record || state.left.client === 0) return [];
  const spent = { ...state, left: { ...state.left, client: 0 } };
  const cancel = changed(spent, { by: "api", do: "cancel" }, "client");
  const steps = cancel ? [step("client cancels", cancel)] : [];
  if (!rules.has("tombstone")) {
    return [...steps, step("client deletes", { ...spent, record: null, files: {}, timers: [] })];
  }
  const deleted = changed(spent, { by: "api", do: "delete" }, "client");
  return deleted ? [...steps, step("client deletes", { ...deleted, files: {} })] : steps;
}

function workerSteps(state: State, index: number, rules: Set<Rule>): Step[] {
  const worker = state.workers[index]!;
  const name = `worker ${index}`;
  const be = (changes: Partial<Worker>, to: State = state): State => {
    const workers = [...to.workers] as State["workers"];
    workers[index] = changes.at === "idle" ? IDLE : { ...worker, ...changes };
    return { ...to, workers };
  };
  const acknowledged = (to: State = state) => ({
    ...be({ at: "idle" }, to),
    messages: Math.max(0, state.messages - 1),
  });
  const key = rules.has("filesPerAttempt") ? `out/${worker.attempt}` : "out";
  const withoutOwn = () => {
    const { [key]: mine, ...others } = state.files;
    return mine === undefined ? state : { ...state, files: others };
  };
  switch (worker.at) {
    case "idle":
      return state.messages > 0 ? [step(`${name} receives`, be({ at: "got" }))] : [];
    case "got":
      return gotSteps(state, name, be, acknowledged, rules);
    case "claimed": {
      const failed =
        state.left.failure > 0
          ? changed(
              { ...state, left: { ...state.left, failure: 0 } },
              asHolder(state, worker, rules, { do: "fail" }),
              name,
            )
          : null;
      const stored = be({ at: "stored" }, { ...state, files: { ...state.files, [key]: worker.attempt } });
      return [
        step(`${name} stores its output`, stored),
        ...(failed ? [step(`${name} fails`, be({ at: "idle" }, failed))] : []),
      ];
    }
    case "stored": {
      const output = { key, attempt: worker.attempt };
      const ended = changed(state, asHolder(state, worker, rules, { do: "succeed", output }), name);
      if (ended) {
        const unknown = { ...ended, left: { ...ended.left, reply: 0 } };
        const { [key]: _, ...others } = state.files;
        const giveUp = be({ at: "idle" }, { ...unknown, files: others });
        return [
          step(`${name} writes succeeded`, be({ at: "done" }, ended)),
          ...(state.left.reply
            ? [
                step(
                  `${name} writes succeeded, reply lost`,
                  rules.has("ownWrite") ? be({ at: "done" }, unknown) : giveUp,
                ),
              ]
            : []),
        ];
      }
      const canceled = changed(state, asHolder(state, worker, rules, { do: "cancelDone" }), name);
      if (canceled) return [step(`${name} writes canceled`, acknowledged({ ...canceled, files: withoutOwn().files }))];
      return [step(`${name} has lost, drops its own`, be({ at: "idle" }, withoutOwn()))];
    }
    case "done": {
      const to = rules.has("sweeperMovesTimer") ? state : { ...state, timers: withTimer(state, "expiry") };
      return [step(`${name} acknowledges`, acknowledged(to))];
    }
  }
}

function gotSteps(
  state: State,
  name: string,
  be: (changes: Partial<Worker>, to?: State) => State,
  acknowledged: (to?: State) => State,
  rules: Set<Rule>,
): Step[] {
  const { record } = state;
  if (!record || isEnded(record.state)) return [step(`${name} acknowledges: ended`, acknowledged())];
  return leases(state).flatMap(({ leaseAlive, spent }): Step[] => {
    if (record.state === "canceling") {
      if (!rules.has("closing")) return [step(`${name} acknowledges: canceling`, acknowledged())];
      const closed = changed(spent, { by: "worker", do: "close", leaseAlive }, name);
      return [closed ? step(`${name} closes`, acknowledged(closed)) : step(`${name} leaves it`, be({ at: "idle" }))];
    }
    const token = `${name}.${record.attempt + 1}`;
    const claimed = changed(spent, { by: "worker", do: "claim", token, worker: name, leaseAlive }, name);
    if (!claimed) return [step(`${name} leaves it`, be({ at: "idle" }))];
    if (claimed.record!.state === "failed") return [step(`${name} gives it up`, acknowledged(claimed))];
    const holding = be({ at: "claimed", token, attempt: claimed.record!.attempt }, claimed);
    const unknown = { ...claimed, left: { ...claimed.left, reply: 0 } };
    const after = rules.has("ownWrite") ? { ...holding, left: unknown.left } : be({ at: "idle" }, unknown);
    return [step(`${name} claims`, holding), ...(state.left.reply ? [step(`${name} claims, reply lost`, after)] : [])];
  });
}

function sweeperSteps(state: State, rules: Set<Rule>): Step[] {
  const { record, sweeper } = state;
  if (sweeper) {
    const armed = sweeper.to ? withTimer(state, sweeper.to) : state.timers;
    const without = (timers: TimerName[]) => timers.filter((timer) => timer !== sweeper.from || sweeper.to === timer);
    if (rules.has("nextBeforeDrop")) {
      if (sweeper.to && !state.timers.includes(sweeper.to))
        return [step("sweeper arms the next", { ...state, timers: armed })];
      return [step("sweeper drops this", { ...state, timers: without(state.timers), sweeper: null })];
    }
    const dropped = state.timers.filter((timer) => timer !== sweeper.from);
    if (dropped.length < state.timers.length) return [step("sweeper drops this", { ...state, timers: dropped })];
    return [step("sweeper arms the next", { ...state, timers: armed, sweeper: null })];
  }
  const move = (label: string, from: TimerName, to: TimerName | null, at: State = state) =>
    step(`sweeper: ${label}`, { ...at, sweeper: { from, to } });
  /** An hour later nobody is still at work for what has ended, and no request is still under way. */
  const quiet =
    state.workers.every(({ at }) => at === "idle" || at === "got") && ["answered", "gone"].includes(state.api);
  return state.timers.flatMap((timer): Step[] => {
    if (!record) return quiet ? [move("nothing there", timer, null, { ...state, files: {} })] : [];
    if (record.state === "expired" || record.state === "deleted") {
      if (timer === "look" || timer === "expiry") {
        return rules.has("secondPurge")
          ? [move("closed, first purge", timer, "purge", { ...state, files: {} })]
          : [move("closed, purge", timer, "gone", { ...state, files: {} })];
      }
      if (timer === "purge") return quiet ? [move("second purge", timer, "gone", { ...state, files: {} })] : [];
      return [move("a day later", timer, null, { ...state, record: null })];
    }
    if (isEnded(record.state)) {
      if (timer === "look") return [move("ended", timer, rules.has("sweeperMovesTimer") ? "expiry" : null)];
      const expired = changed(state, { by: "sweeper", do: "expire" }, "sweeper", LATER_MS)!;
      return [move("expires", timer, rules.has("secondPurge") ? "purge" : "gone", { ...expired, files: {} })];
    }
    return leases(state).flatMap(({ leaseAlive, spent }): Step[] => {
      if (record.state === "canceling") {
        const closed = changed(spent, { by: "sweeper", do: "close", leaseAlive }, "sweeper");
        return rules.has("closing") && closed ? [move("closes", timer, "look", closed)] : [];
      }
      const due = record.state === "queued" || !leaseAlive;
      return due && rules.has("resend") && state.messages === 0
        ? [step("sweeper sends again", { ...spent, messages: 1 })]
        : [];
    });
  });
}

/** What can go wrong, as far as its budget goes. */
function failures(state: State): Step[] {
  const { left, workers, messages, api, sweeper } = state;
  const steps: Step[] = [];
  if (messages > 0 && left.message) {
    steps.push(failure("a message is lost", { ...state, messages: messages - 1, left: { ...left, message: 0 } }));
  }
  if (!left.crash) return steps;
  const spent = { ...state, left: { ...left, crash: 0 } };
  if (!["start", "answered", "gone"].includes(api)) steps.push(failure("API crashes", { ...spent, api: "gone" }));
  if (sweeper) steps.push(failure("sweeper crashes", { ...spent, sweeper: null }));
  workers.forEach(({ at }, index) => {
    if (at === "idle") return;
    const others = [...workers] as State["workers"];
    others[index] = IDLE;
    steps.push(failure(`worker ${index} crashes`, { ...spent, workers: others }));
  });
  return steps;
}

/** Whether the lease is alive: not when its holder is gone; and a holder that stalls may lose it once, instead of the crash. */
function leases(state: State): { leaseAlive: boolean; spent: State }[] {
  const token = state.record?.claim?.token;
  const held = state.workers.some((worker) => worker.at !== "idle" && worker.token !== "" && worker.token === token);
  if (!held) return [{ leaseAlive: false, spent: state }];
  const ranOut = { leaseAlive: false, spent: { ...state, left: { ...state.left, crash: 0 } } };
  return [{ leaseAlive: true, spent: state }, ...(state.left.crash ? [ranOut] : [])];
}

type HolderChange = { do: "fail" } | { do: "cancelDone" } | { do: "succeed"; output: { key: string; attempt: number } };

function asHolder(state: State, worker: Worker, rules: Set<Rule>, what: HolderChange): Change {
  const token = rules.has("fence") ? worker.token : (state.record?.claim?.token ?? worker.token);
  if (what.do === "cancelDone") return { by: "holder", token, do: "cancelDone" };
  if (what.do === "fail") {
    return { by: "holder", token, do: "fail", error: { code: "engine_failed", detail: "" } };
  }
  const video = { ...what.output, type: "", bytes: 0, sha256: "", width: 0, height: 0, frames: 0, fps: 0, duration: 0 };
  return { by: "holder", token, do: "succeed", outputs: { video }, engineVersion: "", warnings: [], timings: {} };
}

/** The state after a change of the record, or null when `changeJob` refuses it. */
function changed(state: State, change: Change, who: string, nowMs = 0): State | null {
  if (!state.record) return null;
  const next = changeJob(state.record, change, nowMs);
  if (typeof next === "string") return null;
  const holder = state.record.claim?.worker;
  const foreign = change.by === "holder" && holder !== who;
  // nonces, past attempts and times only multiply states
  return { ...state, foreign, record: { ...next, write: who, attempts: [], rev: 1 } };
}

function step(label: string, next: State): Step {
  return { label, next, failure: false };
}

function failure(label: string, next: State): Step {
  return { label, next, failure: true };
}

function withTimer({ timers }: State, timer: TimerName): TimerName[] {
  return timers.includes(timer) ? timers : [...timers, timer].sort();
}

function keyOf({ api, record, files, messages, timers, workers, sweeper, left, foreign }: State): string {
  const seen = record && [
    record.state,
    record.attempt,
    record.failures,
    record.claim?.token,
    record.outputs.video?.key,
  ];
  const there = Object.entries(files).sort();
  return JSON.stringify([api, seen, there, messages, timers, workers, sweeper, left, foreign]);
}

function wayTo(key: string, from: Map<string, { key: string; label: string } | null>): string[] {
  const labels: string[] = [];
  for (let at = from.get(key); at; at = from.get(at.key)) labels.unshift(at.label);
  return labels;
}
