/** Every order of events for the event of a job's end (see the model): it is never lost, doubled or early, and each rule is needed for that. */
import { explore } from "../../../../test/support/explore.ts";
import {
  firstWorld,
  keyOf,
  RULES,
  type Rule,
  stepsFrom,
  type World,
} from "../../../../test/support/job-webhook-model.ts";
import { testRulesAreNeeded, testRulesSuffice } from "../../../../test/support/model-tests.ts";

const LOST = "the receiver never hears of it";
const OTHER_ID = "the same event under two ids";
const TWICE = "two send the same try";
const UNSETTLED = "nobody knows whether it was taken";

function wrongAtOnce({ record, got, wrong }: World): string | null {
  if (wrong !== null) return wrong;
  if (got.length > 1) return OTHER_ID;
  if (record?.state === "deleted" && record.webhook) return "a deleted job has an event";
  return null;
}

const hasEvent = ({ record }: World) => record !== null && record.state !== "deleted" && record.webhook !== undefined;

const LASTING = [
  {
    wrong: (world: World) => {
      const heard = world.got.length > 0 || world.deleted;
      return !heard && (world.worker === "done" || !hasEvent(world)) ? LOST : null;
    },
  },
  { wrong: (world: World) => (hasEvent(world) && world.record?.webhook?.state !== "delivered" ? UNSETTLED : null) },
];

function search(rules: ReadonlySet<Rule>, left: Partial<World["left"]>) {
  const steps = (world: World) => stepsFrom(world, rules);
  return explore({ first: firstWorld(left), steps, keyOf, wrongAtOnce, lasting: LASTING });
}

const STARTS: Partial<World["left"]>[] = [
  {},
  { crash: 1, loss: 1, refusal: 1 },
  { crash: 1, loss: 1, client: 1 },
  { crash: 2, refusal: 1 },
  { loss: 2, refusal: 1, client: 1 },
  { stall: 1, crash: 1, refusal: 1 },
];
testRulesSuffice(RULES, search, { starts: STARTS, least: 10 });

/** What comes back without the rule, and what has to go wrong for that. */
const NEEDED: Record<Rule, { wrong: string; left: Partial<World["left"]> }> = {
  "the end and its event are one write": { wrong: LOST, left: { crash: 1 } },
  "begun before it is sent": { wrong: TWICE, left: { refusal: 1, crash: 1 } },
  "one id for all tries": { wrong: OTHER_ID, left: { crash: 1 } },
  "settled after the answer": { wrong: UNSETTLED, left: {} },
  "the sweeper sends messages again": { wrong: LOST, left: { loss: 1 } },
  "a timer before the replay": { wrong: LOST, left: { crash: 1, client: 1 } },
};

testRulesAreNeeded(RULES, search, NEEDED);
