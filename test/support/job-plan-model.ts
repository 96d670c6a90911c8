/**
 * A plan and its children as a small world, to be searched through whole: a root that creates two children, in either order, which
 * work on its input where it is, waits for them and ends; one worker for plans, one for children, the sweeper, one cancel or DELETE by the client, and at most one crash, one lost
 * message, and one wait whose reply is lost. A step is what one party does between two moments at which the others may act.
 *
 * Records are changed by the real `changeJob`. What the model of one job (job-protocol-model.ts) shows already is left out, so
 * that this world stays small: a claim is taken over only after a crash, attempts are not counted, timers move in one step and
 * are armed with their record, a message is sent with its record. A lease may be found dead at any moment where a cancel is
 * closed; a timer may be due at any moment; only an hour after the root's end nobody is at work any more.
 */
import type { Change } from "@smileloop/core/job/change.ts";
import { isEnded, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import type { Step } from "./explore.ts";
import {
  CHILDREN,
  changed,
  created,
  FREE,
  IDLE,
  isClosed,
  lives,
  marked,
  purged,
  RESULT,
  type Rec,
  type Rule,
  type Worker,
  type World,
  wake,
  withNumber,
  without,
} from "./job-plan-world.ts";

type Party = {
  world: World;
  rules: ReadonlySet<Rule>;
  step: (name: string, change: Partial<World>, kind?: "fault" | "late") => void;
  spend: (what: keyof World["left"]) => Pick<World, "left">;
};

/** Every step that may come next when these rules hold. */
export function stepsFrom(world: World, rules: ReadonlySet<Rule>): Step<World>[] {
  const steps: Step<World>[] = [];
  const step: Party["step"] = (name, change, kind) =>
    steps.push({ name, fault: kind === "fault", late: kind === "late", world: { ...world, ...change } });
  const spend: Party["spend"] = (what) => ({ left: { ...world.left, [what]: world.left[what] - 1 } });
  const party: Party = { world, rules, step, spend };
  planSteps(party);
  workerSteps(party);
  clientSteps(party);
  queueSteps(party);
  sweepRoot(party);
  for (const child of world.timers.children) sweepChild(party, child);
  return steps;
}

function planSteps(party: Party): void {
  const { world, step, spend } = party;
  const { plan, root, left } = world;
  if (plan.at !== "idle" && left.crash > 0) step("plan: crashes", { plan: IDLE, ...spend("crash") }, "fault");
  if (plan.at === "idle" && world.messages.root > 0) planLooks(party);
  if (plan.at === "creating") {
    const goesOn = lives(root) || !party.rules.has("a plan looks at its root before it creates a child");
    const lived = { ...world.lived, plan: lives(root) };
    step("plan: looks at the root", { plan: { ...plan, at: goesOn ? "checked" : "ending" }, lived });
  }
  if (plan.at === "checked") {
    for (let wanted = 0; wanted < CHILDREN; wanted++) {
      if (plan.made.includes(wanted)) continue;
      const number = party.rules.has("child ids are fixed") ? wanted : world.children.length;
      const made = withNumber(plan.made, wanted);
      // the look may be good for a further one
      for (const at of made.length === CHILDREN ? (["ending"] as const) : (["creating", "checked"] as const))
        step(`plan: creates child ${number}`, { plan: { ...plan, at, made }, ...created(world, number) });
    }
  }
  if (plan.at === "ending") planEnds(party);
  if (plan.at === "counting") {
    const woken = wake(world, "worker");
    step("plan: counts", woken ? { ...woken, ...planDone(world, woken.messages) } : planDone(world));
  }
}

/** From a message on. */
function planLooks({ world, step }: Party): void {
  const { root } = world;
  if (!root || isEnded(root.state)) {
    step("plan: acknowledges", planDone(world));
  } else if (root.state === "waiting") {
    const woken = wake(world, "worker");
    if (woken) step("plan: wakes it", { ...woken, ...planDone(world, woken.messages) });
    else step("plan: children are left", planDone(world));
  } else if (root.state === "canceling") {
    step("plan: closes the cancel", { root: changed(root, { by: "worker", do: "close", leaseAlive: false }) });
  } else {
    const claimed = changed(root, { by: "worker", do: "claim", token: "t", worker: "", leaseAlive: false });
    const seen = world.markers.length;
    const at = seen >= CHILDREN ? "ending" : "creating";
    step("plan: claims, sees which have ended", { root: claimed, plan: { at, made: [], seen } });
  }
}

/** The last write of its claim. */
function planEnds({ world, rules, step, spend }: Party): void {
  const { plan, root } = world;
  const by = { by: "holder", token: "t" } as const;
  const count = rules.has("count after wait") ? { plan: { ...IDLE, at: "counting" } as const } : planDone(world);
  if (root?.own) {
    step("plan: reads: its own write", { ...count, root: { ...root, own: false } });
    return;
  }
  const waits: Change = { ...by, do: "wait", children: world.children.length, ended: plan.seen };
  const last: Change = plan.seen >= CHILDREN ? { ...by, do: "succeed", ...RESULT } : waits;
  const ended = root && changed(root, last);
  const canceled = root && changed(root, { ...by, do: "cancelDone" });
  if (!ended)
    step(canceled ? "plan: has canceled" : "plan: has lost it", { ...planDone(world), root: canceled ?? root });
  else if (last !== waits) step("plan: succeeds", { ...planDone(world), root: ended });
  else {
    step("plan: waits", { ...count, root: ended });
    if (world.left.reply > 0)
      step("plan: waits, no reply", { root: { ...ended, own: true }, ...spend("reply") }, "fault");
  }
}

/** It acknowledges its message, after those that were sent. */
function planDone({ messages }: World, sent = messages): Pick<World, "plan" | "messages"> {
  return { plan: IDLE, messages: { ...sent, root: Math.max(sent === messages ? 0 : 1, sent.root - 1) } };
}

function workerSteps(party: Party): void {
  const { world, rules, step, spend } = party;
  const { worker, root, left } = world;
  const { child } = worker;
  const rec = world.children[child] ?? null;
  const at = (then: Worker["at"]): Partial<World> => ({ worker: { at: then, child } });
  const name = `child ${child}: `;
  if (worker.at !== "idle" && left.crash > 0) step(`${name}crashes`, { worker: FREE, ...spend("crash") }, "fault");
  switch (worker.at) {
    case "idle":
      for (const number of world.messages.children) workerLooks(party, number);
      return;
    case "checked": {
      const next = rec && changed(rec, { by: "worker", do: "claim", token: "t", worker: "", leaseAlive: false });
      step(`${name}is claimed`, next ? { ...at("working"), ...withChild(world, child, next) } : { worker: FREE });
      return;
    }
    case "working":
      if (rec?.state !== "running") {
        step(`${name}stops`, at("stored"));
        return;
      }
      if (!lives(root) && rules.has("orphans are canceled"))
        step(
          `${name}sees that its root has ended`,
          withChild(world, child, changed(rec, { by: "worker", do: "cancel" })),
        );
      // for a root that lives it is the deadline that ends a child which would work for ever
      step(
        `${name}stores`,
        { ...at("stored"), outputs: withNumber(world.outputs, child) },
        lives(root) ? undefined : "fault",
      );
      return;
    case "stored":
      if (rules.has("marker after the child's record")) workerEnds(party);
      else step(`${name}is marked early`, { ...at("marked early"), ...marked(world, child) });
      return;
    case "marked early":
      workerEnds(party);
      return;
    case "mark":
      step(`${name}looks at the root`, lives(root) ? at("marking") : workerDone(world, child));
      return;
    case "marking": {
      const then = marked(world, child);
      step(`${name}is marked`, { ...then, ...workerDone({ ...world, ...then }, child) });
      return;
    }
  }
}

/** From a message on. */
function workerLooks({ world, rules, step }: Party, child: number): void {
  const { root } = world;
  const rec = world.children[child] ?? null;
  const name = `child ${child}: `;
  if (!rec) {
    step(`${name}acknowledged`, workerDone(world, child));
    return;
  }
  if (isEnded(rec.state)) {
    const marks = rules.has("an ended child is marked by anyone who finds it");
    step(`${name}has ended`, marks ? { worker: { at: "mark", child } } : workerDone(world, child));
    return;
  }
  const closed = changed(rec, { by: "worker", do: "close", leaseAlive: false });
  if (closed) {
    step(`${name}its cancel is closed`, withChild(world, child, closed));
    return;
  }
  const canceled = changed(rec, { by: "worker", do: "cancel" })!;
  const starts = lives(root) || !rules.has("a child looks at its root before it starts");
  if (!starts) {
    step(`${name}the root has ended`, withChild(world, child, canceled));
    return;
  }
  const lived = { ...world.lived, worker: lives(root) };
  step(`${name}is received, looks at the root`, { worker: { at: "checked", child }, lived });
}

/** The last write of its claim. */
function workerEnds({ world, step }: Party): void {
  const { child } = world.worker;
  const rec = world.children[child] ?? null;
  const by = { by: "holder", token: "t" } as const;
  const outputs = without(world.outputs, child);
  const mark = { worker: { at: "mark", child } } as const;
  const succeeded = rec && changed(rec, { ...by, do: "succeed", ...RESULT });
  const canceled = rec && changed(rec, { ...by, do: "cancelDone" });
  if (succeeded) step(`child ${child}: succeeds`, { ...mark, ...withChild(world, child, succeeded) });
  else if (canceled)
    step(`child ${child}: has been canceled`, { ...mark, ...withChild(world, child, canceled), outputs });
  else step(`child ${child}: is lost`, { worker: FREE, outputs });
}

function workerDone({ messages }: World, child: number): Pick<World, "worker" | "messages"> {
  return { worker: FREE, messages: { ...messages, children: without(messages.children, child) } };
}

function withChild({ children }: World, child: number, rec: Rec | null): Pick<World, "children"> {
  return { children: children.with(child, rec) };
}

function clientSteps({ world, rules, step, spend }: Party): void {
  const { root, left, client } = world;
  if (client !== null && left.crash > 0)
    step("client: its request crashes", { client: null, ...spend("crash") }, "fault");
  if (client === "cancel children") {
    const children = world.children.map((rec) => rec && (changed(rec, { by: "api", do: "cancel" }) ?? rec));
    step("client: cancels the children", { children, client: null });
    return;
  }
  if (client === "purge") {
    step("client: purges", { ...purged(world, true), client: null });
    return;
  }
  if (client === "tombstone") {
    step("client: buries it", { root: (root && changed(root, { by: "api", do: "delete" })) ?? root, client: null });
    return;
  }
  if (left.client === 0 || !root) return;
  const canceled = changed(root, { by: "api", do: "cancel" });
  if (canceled) step("client: cancel", { root: canceled, client: "cancel children", ...spend("client") }, "fault");
  const deleted = changed(root, { by: "api", do: "delete" });
  if (deleted && !rules.has("files go after the tombstone")) {
    step("client: DELETE", { ...purged(world, true), client: "tombstone", ...spend("client") }, "fault");
  } else if (deleted) step("client: DELETE", { root: deleted, client: "purge", ...spend("client") }, "fault");
}

function queueSteps({ world, step, spend }: Party): void {
  const { messages, plan, left } = world;
  const nothingWrong = left.crash + left.loss + left.reply + left.client === 0;
  // the plan's own message is one of them
  const more = messages.root - (plan.at === "idle" ? 0 : 1);
  if (nothingWrong && more > 0 && plan.at !== "idle") {
    step("another plan worker puts it back", { messages: { ...messages, root: messages.root - 1, later: true } });
  }
  if (messages.later)
    step("it comes back", { messages: { ...messages, root: 1 + Number(more > 0), later: false } }, "late");
  if (left.loss === 0) return;
  if (messages.root > 0)
    step("root: a message is lost", { messages: { ...messages, root: messages.root - 1 }, ...spend("loss") }, "fault");
  for (const number of messages.children) {
    const children = without(messages.children, number);
    step(`child ${number}: a message is lost`, { messages: { ...messages, children }, ...spend("loss") }, "fault");
  }
}

function sweepRoot({ world, rules, step }: Party): void {
  const { root, timers, plan, worker, client } = world;
  if (timers.root === null || !root) return;
  const late = (what: string, change: Partial<World>) => step(`sweeper: ${what}`, change, "late");
  const removeChildren = rules.has("children go with their root");
  if (timers.root === "again" || (isClosed(root) && !rules.has("second purge"))) {
    const quiet = plan.at === "idle" && worker.at === "idle" && client === null;
    if (!quiet && timers.root === "again") return;
    late("takes the root away", {
      ...purged(world, removeChildren),
      root: null,
      timers: { ...timers, root: null },
    });
    return;
  }
  const next = changed(root, { by: "sweeper", do: "expire" }, RESULT_LIFE_MS) ?? root;
  if (isClosed(next)) {
    const again = rules.has("second purge") ? "again" : "look";
    late("closes the root", {
      ...purged(world, removeChildren),
      root: next,
      timers: { ...timers, root: again },
    });
    return;
  }
  const closed = changed(root, { by: "sweeper", do: "close", leaseAlive: false });
  if (closed) {
    late("closes the cancel", { root: closed });
    return;
  }
  if (root.state === "waiting") {
    const woken = rules.has("the sweeper wakes roots") ? wake(world, "sweeper") : null;
    if (woken) late("wakes the root", woken);
    return;
  }
  late("sends the root again", { messages: { ...world.messages, root: Math.max(1, world.messages.root) } });
}

function sweepChild({ world, rules, step }: Party, child: number): void {
  const { root, plan, timers, messages } = world;
  const rec = world.children[child] ?? null;
  const late = (what: string, change: Partial<World>) => step(`sweeper: child ${child}: ${what}`, change, "late");
  const dropped = { timers: { ...timers, children: without(timers.children, child) } };
  const outputs = without(world.outputs, child);
  if (!rec) {
    // no request can be creating it
    if (plan.at !== "checked") late("nothing", { ...dropped, outputs });
    return;
  }
  if (!root) {
    late("its root is gone", { children: world.children.with(child, null), outputs });
    return;
  }
  if (isEnded(rec.state)) {
    const marks = lives(root) && rules.has("an ended child is marked by anyone who finds it");
    late("has ended", { ...(marks ? marked(world, child) : {}), ...dropped });
    return;
  }
  const closed = changed(rec, { by: "sweeper", do: "close", leaseAlive: false });
  if (closed) {
    late("closes the cancel", { children: world.children.with(child, closed) });
    return;
  }
  if (!lives(root) && rules.has("orphans are canceled")) {
    const canceled = changed(rec, { by: "sweeper", do: "cancel" });
    late("its root has ended", { children: world.children.with(child, canceled) });
    return;
  }
  late("sends it again", { messages: { ...messages, children: withNumber(messages.children, child) } });
}
