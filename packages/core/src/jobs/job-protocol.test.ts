/** Every order of events for one job (see the model): no wrong end can be reached, and each rule is needed for that. */
import { explore } from "../../../../test/support/explore.ts";
import { stepsFrom } from "../../../../test/support/job-protocol-model.ts";
import { firstWorld, keyOf, RULES, type Rule, type World } from "../../../../test/support/job-protocol-world.ts";
import { testRulesAreNeeded, testRulesSuffice } from "../../../../test/support/model-tests.ts";
import { isEnded } from "../job/record.ts";

const WRONG_FILE = "the file of a result is gone, or of another attempt";
const WRONG_EARLY = "a running job shows an output whose file is gone, or of another attempt";
const WRONG_QUEUE = "claimed from a queue that it has left";

const WRONG_INPUT = "a result of an input that is not there, or is not the one that was checked";

const LASTING: { wrong(world: World): string | null }[] = [
  { wrong: ({ rec }) => (rec !== null && !isEnded(rec.state) ? `stuck in ${rec.state}` : null) },
  {
    wrong: ({ rec }) =>
      rec !== null && isEnded(rec.state) && rec.state !== "expired" && rec.state !== "deleted" ? "never swept" : null,
  },
  {
    wrong: ({ rec, api, files }) => {
      const closed = rec ? ["expired", "deleted", "canceled"].includes(rec.state) : api === null;
      return closed && Object.keys(files).length > 0 ? "files left" : null;
    },
  },
];

function wrongAtOnce(world: World): string | null {
  if (resultIsWrong(world)) return WRONG_FILE;
  if (earlyIsWrong(world)) return WRONG_EARLY;
  if (inputIsWrong(world)) return WRONG_INPUT;
  return takenFromElsewhere(world) ? WRONG_QUEUE : null;
}

function resultIsWrong({ rec, files }: World): boolean {
  if (rec?.state !== "succeeded") return false;
  return rec.out !== rec.attempt || (files[`out/${rec.out}`] ?? files.out) !== rec.out;
}

/** What a job shows before it has succeeded; one that has failed or was canceled has nothing to show. */
function earlyIsWrong({ rec, files }: World): boolean {
  if (!rec || rec.out === null || rec.state === "succeeded") return false;
  return rec.token === null || (files[`out/${rec.out}`] ?? files.out) !== rec.out;
}

function inputIsWrong({ rec, files }: World): boolean {
  return rec?.state === "succeeded" && (rec.in === null || files.in !== rec.in);
}

/** Such a worker may not have the time for it. */
function takenFromElsewhere({ rec, workers }: World): boolean {
  if (rec?.state !== "running") return false;
  return workers.some(({ at, from, attempt }) => at === "claimed" && rec.token === `${attempt}` && from !== rec.queue);
}

/** `byUrl`: the input is one that a worker fetches. */
type Start = Partial<World["left"]> & { byUrl?: boolean };

function search(rules: ReadonlySet<Rule>, { byUrl = false, ...left }: Start) {
  const steps = (world: World) => stepsFrom(world, rules);
  return explore({ first: firstWorld(left, byUrl), steps, keyOf, wrongAtOnce, lasting: LASTING });
}

const STARTS: Start[] = [
  { crash: 1, loss: 1, reply: 1, client: 1 },
  // a move is a claim that ends: tried with one or two of the others at a time
  { crash: 1, move: 1 },
  { reply: 1, move: 1 },
  { loss: 1, client: 1, move: 1 },
  { byUrl: true, crash: 1, client: 1 },
  { byUrl: true, crash: 1, reply: 1 },
  { byUrl: true, loss: 1, move: 1 },
];
testRulesSuffice(RULES, search, { starts: STARTS, least: 1000 });

/** What comes back without the rule, and what has to go wrong for that (no more than above); a lease that runs out under its holder always may. */
const NEEDED: Record<Rule, { wrong: string; left: Start }> = {
  "own write": { wrong: WRONG_FILE, left: { reply: 1 } },
  fence: { wrong: WRONG_FILE, left: {} },
  "files per attempt": { wrong: WRONG_FILE, left: {} },
  "outputs go with their claim": { wrong: WRONG_EARLY, left: {} },
  "timer before record": { wrong: "stuck in queued", left: { crash: 1 } },
  "timer moved by the sweeper alone": { wrong: "never swept", left: { crash: 1 } },
  "next timer before the last is dropped": { wrong: "never swept", left: { crash: 1 } },
  tombstone: { wrong: "files left", left: { crash: 1, client: 1 } },
  "second purge": { wrong: "files left", left: { crash: 1, client: 1 } },
  "cancels are closed": { wrong: "stuck in canceling", left: { crash: 1, client: 1 } },
  "taken from its own queue only": { wrong: WRONG_QUEUE, left: { move: 1 } },
  "fetched files are stored once": { wrong: WRONG_INPUT, left: { byUrl: true } },
};

testRulesAreNeeded(RULES, search, NEEDED);
