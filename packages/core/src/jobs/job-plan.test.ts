/** Every order of events for a plan and two children (see the model): no wrong end, and each rule is needed for that. */
import { explore } from "../../../../test/support/explore.ts";
import { stepsFrom } from "../../../../test/support/job-plan-model.ts";
import {
  CHILDREN,
  firstWorld,
  isClosed,
  keyOf,
  RULES,
  type Rule,
  type World,
} from "../../../../test/support/job-plan-world.ts";
import { testRulesAreNeeded, testRulesSuffice } from "../../../../test/support/model-tests.ts";
import { isEnded } from "../job/record.ts";

const DOUBLED = "a child is doubled";
const TOO_EARLY = "a root has succeeded before its children have ended";
const NO_REASON = "a marker of a child that has not ended";
const CREATED_LATE = "a child was created although its root had ended";
const STARTED_LATE = "a child was started although its root had ended";
const WORKS_ON = "a child works on without a living root";
const SLEEPS = "a root sleeps although its children have ended";
const RECORD_LEFT = "a child's record is left";
const INPUT_GONE = "the input of a child at work is gone although its root lives";
const FILES_LEFT = "files are left";

const living = (world: World) => ["queued", "running", "waiting"].includes(world.root?.state ?? "");

function wrongAtOnce(world: World): string | null {
  const { root, children, markers, plan, worker, lived } = world;
  if (living(world) && worker.at === "working" && !world.input) return INPUT_GONE;
  const records = children.filter((rec) => rec !== null);
  if (children.length > CHILDREN) return DOUBLED;
  if (root?.state === "succeeded" && !records.every(({ state }) => isEnded(state))) return TOO_EARLY;
  if (living(world) && markers.some((n) => !isEnded(children[n]?.state ?? "queued"))) return NO_REASON;
  if (plan.at === "checked" && !lived.plan) return CREATED_LATE;
  return worker.at === "working" && !lived.worker ? STARTED_LATE : null;
}

type Lasting = { wrong(world: World): string | null; soon?: boolean };
const LASTING: Lasting[] = [
  { wrong: ({ root }) => (root && !isEnded(root.state) ? `the root is stuck in ${root.state}` : null) },
  { wrong: ({ root }) => (root ? "the root's record is left" : null) },
  {
    wrong: ({ children }) => {
      const stuck = children.find((rec) => rec && !isEnded(rec.state));
      return stuck ? `a child is stuck in ${stuck.state}` : null;
    },
  },
  { wrong: ({ children }) => (children.some((rec) => rec !== null) ? RECORD_LEFT : null) },
  {
    wrong: ({ root, markers, outputs }) =>
      (!root || isClosed(root)) && markers.length + outputs.length > 0 ? FILES_LEFT : null,
  },
  {
    wrong: (world) => {
      const works = world.worker.at === "working" && world.children[world.worker.child]?.state === "running";
      return works && !living(world) ? WORKS_ON : null;
    },
  },
];

/** Where nothing went wrong, nobody has to wait for the sweeper, or for a lease to run out. */
const PROMPT: Lasting = {
  soon: true,
  wrong: ({ root, markers }) => (root?.state === "waiting" && markers.length >= root.children ? SLEEPS : null),
};

/** `until`: what is enough to be found. */
function search(rules: ReadonlySet<Rule>, left: Partial<World["left"]>, until?: string) {
  const steps = (world: World) => stepsFrom(world, rules);
  const lasting = Object.keys(left).length === 0 ? [...LASTING, PROMPT] : LASTING;
  return explore({
    first: firstWorld(left),
    steps,
    keyOf,
    wrongAtOnce,
    lasting,
    ...(until === undefined ? {} : { until }),
  });
}

// all four faults at once are 200,000 worlds, too many for each run of the tests: nothing was found in them
const STARTS: Partial<World["left"]>[] = [
  {},
  { loss: 2 },
  { crash: 1, loss: 1, reply: 1 },
  { crash: 1, client: 1 },
  { loss: 1, client: 1 },
  { reply: 1, client: 1 },
];
testRulesSuffice(RULES, search, { starts: STARTS, least: 100 });

/** What comes back without the rule, and what has to go wrong for that: no more than above. */
const NEEDED: Record<Rule, { wrong: string; left: Partial<World["left"]> }> = {
  "child ids are fixed": { wrong: DOUBLED, left: { crash: 1 } },
  "a plan looks at its root before it creates a child": { wrong: CREATED_LATE, left: { client: 1 } },
  "a child looks at its root before it starts": { wrong: STARTED_LATE, left: { client: 1 } },
  "marker after the child's record": { wrong: TOO_EARLY, left: { crash: 1 } },
  "an ended child is marked by anyone who finds it": { wrong: "the root is stuck in waiting", left: { crash: 1 } },
  "count after wait": { wrong: SLEEPS, left: {} },
  "the sweeper wakes roots": { wrong: "the root is stuck in waiting", left: { loss: 2 } },
  "orphans are canceled": { wrong: WORKS_ON, left: { crash: 1, client: 1 } },
  "children go with their root": { wrong: RECORD_LEFT, left: {} },
  "files go after the tombstone": { wrong: INPUT_GONE, left: { client: 1 } },
  "second purge": { wrong: FILES_LEFT, left: { client: 1 } },
};

testRulesAreNeeded(RULES, search, NEEDED);
