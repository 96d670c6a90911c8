/** Every order of events for one job (see the model): no wrong end can be reached, and each rule is needed for that. */
import { expect, test } from "vitest";
import { firstWorld, RULES, type Rule, stepsFrom, type World } from "../../../../test/support/job-protocol-model.ts";
import { isEnded } from "../job/job.ts";

type Node = { world: World; before: Node | null; by: string; reachedFrom: Node[] };

/** A wrong end that lasts: from here on, whatever everybody does (without faults), `mended` never comes true. */
const LASTING: { name: (world: World) => string; wrong: (world: World) => boolean }[] = [
  { name: ({ rec }) => `stuck in ${rec?.state}`, wrong: ({ rec }) => rec !== null && !isEnded(rec.state) },
  {
    name: () => "never swept",
    wrong: ({ rec }) => rec !== null && isEnded(rec.state) && rec.state !== "expired" && rec.state !== "deleted",
  },
  {
    name: () => "files left",
    wrong: ({ rec, api, files }) =>
      Object.keys(files).length > 0 && (rec ? ["expired", "deleted", "canceled"].includes(rec.state) : api === null),
  },
];

function resultIsWrong({ rec, files }: World): boolean {
  if (rec?.state !== "succeeded") return false;
  return rec.out !== rec.attempt || (files[`out/${rec.out}`] ?? files.out) !== rec.out;
}

function explore(rules: ReadonlySet<Rule>, left: World["left"]): { nodes: Node[]; wrong: Map<string, string[]> } {
  const first: Node = { world: firstWorld(left), before: null, by: "", reachedFrom: [] };
  const seen = new Map([[keyOf(first.world), first]]);
  const nodes = [first];
  const wrong = new Map<string, string[]>();
  const note = (name: string, node: Node) => {
    if (!wrong.has(name)) wrong.set(name, pathTo(node));
  };
  for (const node of nodes) {
    if (resultIsWrong(node.world)) note("the file of a result is gone, or of another attempt", node);
    for (const { name, fault, world } of stepsFrom(node.world, rules)) {
      const key = keyOf(world);
      let next = seen.get(key);
      if (!next) {
        next = { world, before: node, by: name, reachedFrom: [] };
        seen.set(key, next);
        nodes.push(next);
      }
      if (!fault) next.reachedFrom.push(node);
    }
  }
  for (const lasting of LASTING) {
    const mended = new Set(nodes.filter(({ world }) => !lasting.wrong(world)));
    for (const node of mended) for (const from of node.reachedFrom) mended.add(from);
    for (const node of nodes) if (!mended.has(node)) note(lasting.name(node.world), node);
  }
  return { nodes, wrong };
}

function keyOf(world: World): string {
  const { api, apiUnsure, told, rec, files, messages, timers, sweeper, workers, purging, left } = world;
  const sorted = Object.entries(files).sort();
  return JSON.stringify([api, apiUnsure, told, rec, sorted, messages, timers, sweeper, workers, purging, left]);
}

function pathTo(node: Node): string[] {
  return node.before ? [...pathTo(node.before), node.by] : [];
}

test("with all rules no wrong end can be reached", () => {
  const { nodes, wrong } = explore(new Set(RULES), { crash: 1, loss: 1, reply: 1, client: 1 });
  expect(Object.fromEntries(wrong)).toEqual({});
  expect(nodes.length).toBeGreaterThan(1000);
});

const WRONG_FILE = "the file of a result is gone, or of another attempt";
/** What comes back without the rule, and what has to go wrong for that; a lease that runs out under its holder always may. */
const NEEDED: Record<Rule, { wrong: string; left: Partial<World["left"]> }> = {
  "own write": { wrong: WRONG_FILE, left: { reply: 1 } },
  fence: { wrong: WRONG_FILE, left: {} },
  "files per attempt": { wrong: WRONG_FILE, left: {} },
  "timer before record": { wrong: "stuck in queued", left: { crash: 1 } },
  "timer moved by the sweeper alone": { wrong: "never swept", left: { crash: 1 } },
  "next timer before the last is dropped": { wrong: "never swept", left: { crash: 1 } },
  tombstone: { wrong: "files left", left: { crash: 1, client: 1 } },
  "second purge": { wrong: "files left", left: { crash: 1, client: 1 } },
  "cancels are closed": { wrong: "stuck in canceling", left: { crash: 1, client: 1 } },
};

test.each(RULES)("without '%s' one comes back", (rule) => {
  const left = { crash: 0, loss: 0, reply: 0, client: 0, ...NEEDED[rule].left };
  expect(explore(new Set(RULES), left).wrong.size).toBe(0);
  const { wrong } = explore(new Set(RULES.filter((other) => other !== rule)), left);
  expect([...wrong.keys()]).toContain(NEEDED[rule].wrong);
});
