/** Every order of events for a job whose work is done elsewhere (see the model): it is paid for once, and comes to an end. */
import { explore } from "../../../../test/support/explore.ts";
import {
  firstWorld,
  keyOf,
  RULES,
  type Rule,
  stepsFrom,
  type World,
} from "../../../../test/support/job-service-model.ts";
import { testRulesAreNeeded, testRulesSuffice } from "../../../../test/support/model-tests.ts";
import { isEnded } from "../job/record.ts";

const PAID_TWICE = "paid for twice";
const IN_VAIN = "failed, though nothing went wrong";

function wrongAtOnce({ rec, paid, left }: World, first: World): string | null {
  if (paid > 1) return PAID_TWICE;
  if (rec?.state === "succeeded" && paid === 0) return "a result of nothing";
  if (rec && isEnded(rec.state) && rec.sealed) return "a secret stays";
  const calm = left.crash === first.left.crash && left.stall === first.left.stall;
  return rec?.state === "failed" && calm ? IN_VAIN : null;
}

const lasting = [{ wrong: ({ rec }: World) => (rec !== null && !isEnded(rec.state) ? `stuck in ${rec.state}` : null) }];

function search(rules: ReadonlySet<Rule>, left: Partial<World["left"]>) {
  const first = firstWorld(left);
  return explore({
    ...{ first, keyOf, lasting },
    steps: (world) => stepsFrom(world, rules),
    wrongAtOnce: (world) => wrongAtOnce(world, first),
  });
}

const STARTS: Partial<World["left"]>[] = [
  { crash: 1, stall: 1, reply: 1, looks: 1 },
  { crash: 1, loss: 1, client: 1, looks: 1 },
  { stall: 1, full: 1, client: 1, looks: 1 },
  // more looks than there are claims
  { looks: 12 },
  { crash: 1, reply: 1, looks: 11 },
];
testRulesSuffice(RULES, search, { starts: STARTS, least: 100 });

/** What comes back without the rule, and what has to go wrong for that. */
const NEEDED: Record<Rule, { wrong: string; left: Partial<World["left"]> }> = {
  "one key for all tries": { wrong: PAID_TWICE, left: { crash: 1, looks: 1 } },
  "a wait is not a claim": { wrong: IN_VAIN, left: { looks: 3 } },
  // it is sent again and again, which the service takes for the same, and nobody ever asks after it
  "the id is kept": { wrong: "stuck in queued", left: { looks: 1 } },
  "messages are sent again": { wrong: "stuck in queued", left: { loss: 1, looks: 1 } },
  "cancels are closed": { wrong: "stuck in canceling", left: { client: 1, looks: 1 } },
};

testRulesAreNeeded(RULES, search, NEEDED);
