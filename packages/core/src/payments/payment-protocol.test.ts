/** Every order of events for the payment of a job (see the model): money and file stay together, and each rule is needed for that. */
import { explore } from "../../../../test/support/explore.ts";
import { testRulesAreNeeded, testRulesSuffice } from "../../../../test/support/model-tests.ts";
import {
  firstWorld,
  isKept,
  keyOf,
  RULES,
  type Rule,
  readable,
  stepsFrom,
  type World,
} from "../../../../test/support/payment-model.ts";

const FREE = "the file is open, and nothing was paid";
const BOTH = "the buyer has the file, and we gave the money back";
const NOTHING = "money for nothing";
const NEVER_HAD = "money for a file that the buyer never had, and cannot have";
const STUCK = "a withdrawal that never ends";
const GONE = "a job that is gone is paid for";

function wrongAtOnce(world: World): string | null {
  if (world.wrong !== null) return world.wrong;
  if (readable(world) && !world.sessions.some(({ state }) => state === "paid")) return FREE;
  return world.has && world.sessions.some(({ isBack }) => isBack) ? BOTH : null;
}

const LASTING = [
  {
    wrong: ({ sessions, record }: World) =>
      sessions.some((session, nth) => isKept(session) && record.charge?.session !== `${nth}` && record.charge)
        ? NOTHING
        : null,
  },
  {
    wrong: (world: World) => (!readable(world) && !world.has && world.sessions.some(isKept) ? NEVER_HAD : null),
  },
  { wrong: (world: World) => (world.record.charge?.state === "refunding" ? STUCK : null) },
  {
    wrong: (world: World) =>
      readable(world) && world.sessions.every((each) => !isKept(each)) ? "open after a refund" : null,
  },
];

function search(rules: ReadonlySet<Rule>, left: Partial<World["left"]>) {
  const steps = (world: World) => stepsFrom(world, rules);
  return explore({ first: firstWorld(left), steps, keyOf, wrongAtOnce, lasting: LASTING });
}

const STARTS: Partial<World["left"]>[] = [
  {},
  { checkout: 3, loss: 1, crash: 1 },
  { checkout: 2, crash: 2, client: 1 },
  { loss: 2, client: 1, withdraw: 1 },
  { bank: 1, crash: 1, withdraw: 1 },
  { forged: 1, loss: 1, client: 1, crash: 1 },
  { checkout: 2, withdraw: 1, crash: 1, loss: 1, client: 1 },
];
testRulesSuffice(RULES, search, { starts: STARTS, least: 5 });

/** What comes back without the rule, and what has to go wrong for that. */
const NEEDED: Record<Rule, { wrong: string; left: Partial<World["left"]> }> = {
  "the sweeper asks before a result goes": { wrong: NOTHING, left: { loss: 1 } },
  "a page is closed before its job is deleted": { wrong: GONE, left: { client: 1 } },
  "what is paid for a job that is gone goes back": { wrong: NOTHING, left: { client: 1 } },
  "what was granted is remembered": { wrong: BOTH, left: { client: 1, crash: 1 } },
  "news are asked again at the provider": { wrong: FREE, left: { forged: 1 } },
  "handing out is noted before": { wrong: BOTH, left: { withdraw: 1 } },
  "the sweeper carries a withdrawal on": { wrong: STUCK, left: { withdraw: 1, crash: 1 } },
  "what was never handed out goes back with its job": { wrong: NEVER_HAD, left: {} },
};

testRulesAreNeeded(RULES, search, NEEDED);
