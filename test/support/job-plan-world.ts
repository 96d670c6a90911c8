/** What the world of `job-plan-model.ts` consists of, and what its parties do to it. */
import { type Change, changeJob } from "@smileloop/core/job/change.ts";
import {
  isEnded,
  isLiving,
  type JobRecord,
  type JobState,
  newJobRecord,
  RESULT_LIFE_MS,
} from "@smileloop/core/job/record.ts";

/** What keeps plans safe, each to be left out in turn. */
export const RULES = [
  "child ids are fixed",
  "a plan looks at its root before it creates a child",
  "a child looks at its root before it starts",
  "marker after the child's record",
  "an ended child is marked by anyone who finds it",
  "count after wait",
  "the sweeper wakes roots",
  "orphans are canceled",
  "children go with their root",
  "second purge",
  "files go after the tombstone",
] as const;
export type Rule = (typeof RULES)[number];

/** `own`: the last write was the plan's, and had no reply. */
export type Rec = { state: JobState; held: boolean; children: number; own: boolean };
export type Plan = {
  at: "idle" | "creating" | "checked" | "ending" | "counting";
  /** Numbers of the children that it has created, or found, since it was claimed. */
  made: number[];
  seen: number;
};
export type Worker = {
  at: "idle" | "checked" | "working" | "stored" | "marked early" | "mark" | "marking";
  child: number;
};
export type World = {
  root: Rec | null;
  /** By number; null: its record is gone. */
  children: (Rec | null)[];
  /** Numbers of children that have a marker; an output. */
  markers: number[];
  outputs: number[];
  /** Whether the root's input is there, which its children are given where it is. */
  input: boolean;
  /** `later`: put back, because the root was held; it comes again when a lease has run out. */
  messages: { root: number; later: boolean; children: number[] };
  timers: { root: "look" | "again" | null; children: number[] };
  plan: Plan;
  worker: Worker;
  /** Whether the root lived when the plan, and the worker, had the last reason to look. */
  lived: { plan: boolean; worker: boolean };
  /** What the client's request has still to do. */
  client: "cancel children" | "purge" | "tombstone" | null;
  left: { crash: number; loss: number; reply: number; client: number };
};

export const CHILDREN = 2;
export const IDLE: Plan = { at: "idle", made: [], seen: 0 };
export const FREE: Worker = { at: "idle", child: -1 };

/** `left`: how often each may still happen. */
export function firstWorld(left: Partial<World["left"]> = {}): World {
  return {
    ...{ root: { state: "queued", held: false, children: 0, own: false }, children: [], markers: [], outputs: [] },
    ...{ input: true, messages: { root: 1, later: false, children: [] }, timers: { root: "look", children: [] } },
    ...{ plan: IDLE, worker: FREE, lived: { plan: true, worker: true }, client: null },
    left: { crash: 0, loss: 0, reply: 0, client: 0, ...left },
  };
}

/** Worlds with the same key have the same future. */
export function keyOf(world: World): string {
  const { root, messages, timers, plan, lived, client, left } = world;
  const creating = plan.at === "creating" || plan.at === "checked";
  const doing = `${plan.at}${plan.made}.${plan.seen}${creating && lived.plan}${client}${world.input}`;
  const lefts = `${left.crash}${left.loss}${left.reply}${left.client}`;
  const children = world.children.map((_, number) => childKey(world, number));
  // two children that are there are interchangeable, unless the plan is about to create the one or the other
  if (children.length === 2 && !(creating && world.children.includes(null))) children.sort();
  return `${keyOfRecord(root)}|${children}|${messages.root}${messages.later}${timers.root}|${doing}|${lefts}`;
}

function childKey({ children, markers, outputs, messages, timers, worker, lived }: World, number: number): string {
  const has = [markers, outputs, messages.children, timers.children]
    .map((all) => Number(all.includes(number)))
    .join("");
  const early = worker.at === "checked" || worker.at === "working";
  return `${keyOfRecord(children[number]!)}${has}${worker.child === number ? `${worker.at}${early && lived.worker}` : ""}`;
}

function keyOfRecord(rec: Rec | null): string | null {
  return rec && `${rec.state}${rec.held}${rec.children}${rec.own}`;
}

/** Wakes the root and sends its message, if it waits and all its children have markers. */
export function wake(world: World, by: "worker" | "sweeper"): Pick<World, "root" | "messages"> | null {
  const { root, messages } = world;
  const ended = world.markers.filter((number) => number < (root?.children ?? 0)).length;
  const woken = root && changed(root, { by, do: "wake", ended });
  return woken && { root: woken, messages: { ...messages, root: Math.min(2, messages.root + 1) } };
}

export function created(world: World, number: number): Partial<World> {
  if (world.children[number]) return {};
  const children = Array.from(
    { length: Math.max(world.children.length, number + 1) },
    (_, n) => world.children[n] ?? null,
  );
  children[number] = { state: "queued", held: false, children: 0, own: false };
  const timers = { ...world.timers, children: withNumber(world.timers.children, number) };
  const messages = { ...world.messages, children: withNumber(world.messages.children, number) };
  return { children, timers, messages };
}

export function marked(world: World, child: number): Pick<World, "markers" | "messages"> {
  const { markers, messages } = world;
  return { markers: withNumber(markers, child), messages: { ...messages, root: Math.min(2, messages.root + 1) } };
}

export function purged(world: World, removeChildren: boolean): Partial<World> {
  const files = { markers: [], outputs: [], input: false };
  return removeChildren ? { ...files, children: world.children.map(() => null) } : files;
}

export function lives(root: Rec | null): boolean {
  return root !== null && isLiving(root as unknown as JobRecord);
}

export function isClosed({ state }: Rec): boolean {
  return state === "expired" || state === "deleted";
}

export function withNumber(numbers: number[], number: number): number[] {
  return [...new Set([...numbers, number])].sort();
}

export function without(numbers: number[], number: number): number[] {
  return numbers.filter((other) => other !== number);
}

export const RESULT = { outputs: {}, engineVersion: null, warnings: [], timings: {} };
const NEW = { id: "x", owner: "local", kind: "draw_all", queue: "plans", engine: null, estimateSeconds: 1 };
const BASE: JobRecord = newJobRecord({ ...NEW, params: {}, metadata: {}, inputs: {} }, 0);
const made = new Map<string, Rec | null>();

/** The real change, on a record made from what the world keeps of it; null when it is refused. Each is made once. */
export function changed(rec: Rec, change: Change, nowMs = 0): Rec | null {
  const { state, held, children } = rec;
  const key = `${state}${held}${children}.${nowMs}${JSON.stringify(change)}`;
  let next = made.get(key);
  if (next === undefined) {
    const claim = held ? { token: "t", worker: "" } : null;
    const expires_at = isEnded(state) ? RESULT_LIFE_MS : null;
    const result = changeJob({ ...BASE, state, claim, children, expires_at }, change, nowMs);
    const { state: now, claim: holder, children: count = 0 } = typeof result === "string" ? BASE : result;
    next = typeof result === "string" ? null : { state: now, held: holder !== null, children: count, own: false };
    made.set(key, next);
  }
  return next;
}
