/**
 * The payment of one job as a small world, to be searched through whole: a buyer with pages at the provider, news that are lost, late or
 * forged, the sweeper, a DELETE, a withdrawal, the bank that takes money back, and processes that die. The record is changed by the real
 * `changeJob`, and the real `settle` says what goes back. Time is a choice: once the page that a result was to outlive has ended, its time may
 * be over at any moment.
 */
import { type Change, changeJob } from "@smileloop/core/job/change.ts";
import { newCharge } from "@smileloop/core/job/charge.ts";
import { mayRead } from "@smileloop/core/job/may-read.ts";
import { type JobRecord, newJobRecord } from "@smileloop/core/job/record.ts";
import { type SessionFacts, settle } from "@smileloop/core/job/settle.ts";
import type { Step } from "./explore.ts";

/** What keeps money and files together, each to be left out in turn. */
export const RULES = [
  "the sweeper asks before a result goes",
  "a page is closed before its job is deleted",
  "what is paid for a job that is gone goes back",
  "what was granted is remembered",
  "news are asked again at the provider",
  "handing out is noted before",
  "the sweeper carries a withdrawal on",
  "what was never handed out goes back with its job",
] as const;
export type Rule = (typeof RULES)[number];
type Rules = ReadonlySet<Rule>;

type Session = { state: "open" | "paid" | "expired"; isBack: boolean; isDisputed: boolean };
export type World = {
  record: JobRecord;
  /** By number, which is their name here. */
  sessions: Session[];
  /** Sessions that news are under way about. */
  news: number[];
  /** Whether the buyer has the clean file. */
  has: boolean;
  /** What happened that may never. */
  wrong: string | null;
  left: {
    checkout: number;
    crash: number;
    loss: number;
    bank: number;
    client: number;
    forged: number;
    withdraw: number;
  };
};

const HOUR = 3_600_000;
const NOW = 1000;
const LATE = 1000 * HOUR;
const held = { id: "j", owner: "o", kind: "draw", queue: "q", params: {}, metadata: {}, inputs: {} };
const file = { key: "jobs/o/x/out/1/video.mp4", attempt: 1, type: "video/mp4", bytes: 1, sha256: "0", access: "paid" };
const charge = newCharge("p", { amount: 499, currency: "eur", version: "1" }, 24 * HOUR);
const FIRST: JobRecord = {
  ...newJobRecord({ ...held, engine: "e", estimateSeconds: 1, charge }, 0),
  ...{ state: "succeeded", attempt: 1, ended_at: 0, expires_at: HOUR, outputs: { video: file } },
};
const NONE = { checkout: 1, crash: 0, loss: 0, bank: 0, client: 0, forged: 0, withdraw: 0 };

export function firstWorld(left: Partial<World["left"]>): World {
  return { record: FIRST, sessions: [], news: [], has: false, wrong: null, left: { ...NONE, ...left } };
}

export function keyOf({ record: { state, charge }, ...rest }: World): string {
  const known = charge && [charge.state, charge.session, charge.supplied_at !== undefined, charge.sessions];
  return JSON.stringify([state, known, { ...rest, news: rest.news.toSorted() }]);
}

/** Whether the clean file can be had. */
export const readable = ({ record }: World) => mayRead(record, "video", "o", NOW);
/** Whether a session was paid and the money is still with us. */
export const isKept = ({ state, isBack, isDisputed }: Session) => state === "paid" && !isBack && !isDisputed;

export function stepsFrom(world: World, rules: Rules): Step<World>[] {
  return [...buying(world, rules), ...atProvider(world), ...hearing(world, rules), ...ending(world, rules)];
}

function changed(record: JobRecord, change: Change, now = NOW): JobRecord {
  const next = changeJob(record, change, now);
  return typeof next === "string" ? record : next;
}

function factsOf(nth: number, { state, isBack, isDisputed }: Session): SessionFacts {
  const [status, payment_status] = state === "paid" ? ["complete", "paid"] : [state, "unpaid"];
  return {
    ...{ id: `${nth}`, mode: "payment", status, payment_status, live: false, live_key: false, currency: "eur" },
    ...{ subtotal: 499, total: 499, reference: "j", job: "j", payment: state === "paid" ? `pi_${nth}` : null },
    ...{ refunded: isBack, disputed: isDisputed },
  };
}

const withSession = (world: World, nth: number, change: Partial<Session>): World => ({
  ...world,
  sessions: world.sessions.with(nth, { ...world.sessions[nth]!, ...change }),
});
const use = (world: World, name: keyof World["left"]): World => ({
  ...world,
  left: { ...world.left, [name]: world.left[name] - 1 },
});
const openIn = ({ charge }: JobRecord) =>
  charge?.sessions.flatMap(({ id, open }) => (open && id ? [Number(id)] : [])) ?? [];

/** A session is looked at, as `payments.ts` does. */
function settled(world: World, nth: number, rules: Rules): World {
  const facts = factsOf(nth, world.sessions[nth]!);
  const record = changed(world.record, { by: "api", do: "settle", session: facts });
  const after = { ...world, record };
  if (record.charge?.state === "refunding" && record.charge.session === facts.id) return givenBack(after, nth);
  if (record !== world.record) return after;
  const isDue = "refund" in settle(record, facts, NOW);
  return isDue && rules.has("what is paid for a job that is gone goes back")
    ? withSession(after, nth, { isBack: true })
    : after;
}

function givenBack(world: World, nth: number): World {
  const after = withSession(world, nth, { isBack: true });
  const session = factsOf(nth, after.sessions[nth]!);
  return { ...after, record: changed(after.record, { by: "api", do: "settle", session }) };
}

function buying(world: World, rules: Rules): Step<World>[] {
  const steps: Step<World>[] = [];
  const { record, sessions, left } = world;
  const noted = changed(record, { by: "api", do: "checkout", expiresAtMs: 2 * HOUR });
  if (left.checkout > 0 && noted !== record) {
    const nth = noted.charge!.sessions.length - 1;
    const fresh: Session = { state: "open", isBack: false, isDisputed: false };
    const named = changed(noted, { by: "api", do: "session", nth, id: `${sessions.length}` });
    const opened = { ...use(world, "checkout"), sessions: [...sessions, fresh], record: named };
    steps.push({ name: "a page is opened", fault: true, world: opened });
    // nobody has the address of its page
    const lost = {
      ...use(opened, "crash"),
      record: noted,
      sessions: [...sessions, { ...fresh, state: "expired" as const }],
    };
    if (left.crash > 0) steps.push({ name: "died with a page", fault: true, world: lost });
  }
  for (const [nth, { state }] of sessions.entries()) {
    if (state !== "open") continue;
    const wrong = record.state === "succeeded" ? world.wrong : "a job that is gone is paid for";
    const paid = { ...withSession(world, nth, { state: "paid" }), news: [...world.news, nth], wrong };
    steps.push({ name: "the buyer pays", fault: true, world: paid });
  }
  if (readable(world) && !world.has) {
    const notes = rules.has("handing out is noted before");
    const after = notes ? changed(record, { by: "api", do: "supply" }) : record;
    steps.push({ name: "the file is fetched", fault: true, world: { ...world, record: after, has: true } });
  }
  return steps;
}

function atProvider(world: World): Step<World>[] {
  return world.sessions.flatMap((session, nth): Step<World>[] => {
    const news = [...world.news, nth];
    const ended = { ...withSession(world, nth, { state: "expired" }), news };
    if (session.state === "open") return [{ name: "a page ends", fault: false, world: ended }];
    if (!isKept(session) || world.left.bank === 0) return [];
    const disputed = { ...withSession(use(world, "bank"), nth, { isDisputed: true }), news };
    return [{ name: "the bank takes it back", fault: true, world: disputed }];
  });
}

function hearing(world: World, rules: Rules): Step<World>[] {
  const steps: Step<World>[] = [];
  const { record, news, left } = world;
  for (const [at, nth] of news.entries()) {
    const rest = { ...world, news: news.toSpliced(at, 1) };
    const heard = settled(rest, nth, rules);
    steps.push({ name: "news come", fault: false, world: heard });
    if (left.loss > 0) steps.push({ name: "news are lost", fault: true, world: use(rest, "loss") });
    // its answer is lost, or it is sent twice
    if (left.crash > 0)
      steps.push({ name: "news come, and again", fault: true, world: use({ ...heard, news }, "crash") });
  }
  if (left.forged > 0 && world.sessions[0]) {
    const said = factsOf(0, { ...world.sessions[0], state: "paid" });
    const believed = { ...world, record: changed(record, { by: "api", do: "settle", session: said }) };
    const after = rules.has("news are asked again at the provider") ? settled(world, 0, rules) : believed;
    steps.push({ name: "forged news", fault: true, world: use(after, "forged") });
  }
  return steps;
}

/** `changeJob` knows the rule about what was never handed out. */
function closed(record: JobRecord, change: Change, rules: Rules): JobRecord {
  const after = changed(record, change, LATE);
  const isBack = record.charge?.state === "paid" && after.charge?.state === "refunding";
  return isBack && !rules.has("what was never handed out goes back with its job")
    ? { ...after, charge: record.charge }
    : after;
}

function ending(world: World, rules: Rules): Step<World>[] {
  const { record, left, sessions } = world;
  const { state, session } = record.charge ?? {};
  const steps: Step<World>[] = [];
  const carries = state === "refunding" && rules.has("the sweeper carries a withdrawal on");
  if (carries)
    steps.push({ name: "a withdrawal is carried on", fault: false, world: givenBack(world, Number(session)) });
  if (record.state !== "succeeded") return steps;
  const open = openIn(record);
  if (!carries && open.every((nth) => sessions[nth]!.state !== "open")) {
    const asks = rules.has("the sweeper asks before a result goes");
    const looked = asks ? open.reduce((now, nth) => settled(now, nth, rules), world) : world;
    const isNews = looked.record.charge!.state === "paid" && state !== "paid";
    const expired = { ...looked, record: closed(looked.record, { by: "sweeper", do: "expire" }, rules) };
    steps.push({ name: "its time is over", fault: false, late: true, world: isNews ? looked : expired });
  }
  if (left.client > 0) {
    const closes = rules.has("a page is closed before its job is deleted");
    const shut = (now: World, nth: number) =>
      closes && now.sessions[nth]!.state === "open" ? withSession(now, nth, { state: "expired" }) : now;
    const alone = open.reduce(shut, use(world, "client"));
    const deleted = closed(alone.record, { by: "api", do: "delete" }, rules);
    const { charge: _, ...bare } = deleted;
    const gone = { ...alone, record: rules.has("what was granted is remembered") ? deleted : bare };
    const after = closes ? open.reduce((now, nth) => settled(now, nth, rules), gone) : gone;
    steps.push({ name: "the job is deleted", fault: true, world: after });
  }
  const begun = changed(record, { by: "api", do: "refund" });
  if (left.withdraw > 0 && begun !== record) {
    const after = { ...use(world, "withdraw"), record: begun };
    steps.push({ name: "withdrawn", fault: true, world: givenBack(after, Number(session)) });
    if (left.crash > 0) steps.push({ name: "died while withdrawing", fault: true, world: use(after, "crash") });
  }
  return steps;
}
