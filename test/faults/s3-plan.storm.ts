/**
 * Plans of 40 children in the cloud whose workers, or those of their children, are killed at each step: no child is lost, doubled
 * or left without its plan, and the last step is seen once. Time goes less fast than for single jobs: a step of a plan is dozens of
 * calls, for which a busy machine must not be late.
 */
import { childId, newId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, openFleet } from "../support/fleet.ts";
import { filesOf, OWNER, read, submitClips } from "../support/fleet-jobs.ts";
import { until } from "../support/processes.ts";
import type { Call, Fault } from "../support/s3-double/server.ts";

/** A call at which its worker is killed; and whether the call is made (`lost_reply`) or not (`cut`). */
type Step = { at: (call: Call, id: string) => boolean; fault: Fault };

const writes = (what: (record: JobRecord) => boolean) => (call: Call, id: string) =>
  call.operation === "PutObject" &&
  call.key.endsWith(`${id}/job.json`) &&
  what(JSON.parse(Buffer.from(call.body).toString()) as JobRecord);
const touches = (operation: Call["operation"], place: string) => (call: Call, id: string) =>
  call.operation === operation && call.key.includes(`${id}/${place}`);
const succeeds = writes(({ state }) => state === "succeeded");
const childTouches = (operation: Call["operation"], place: string) => touches(operation, `c/${place}`);
const markers = (id: string) => filesOf(fleet, id).filter((name) => name.startsWith("ended/")).length;
const lastMarker = (call: Call, id: string) => touches("PutObject", "ended/")(call, id) && markers(id) === CLIPS - 1;
const wakes = writes(({ state, rev }) => state === "queued" && rev > 1);
const CLIPS = 40;
/** What happens to the worker of a plan, or to that of one of its children. */
const PLAN_KILLS: Record<string, Step> = {
  "half-way through its children": { at: childTouches("PutObject", "20/job.json"), fault: "lost_reply" },
  "while a child renders": { at: childTouches("PutObject", "7/out/"), fault: "cut" },
  "before the marker of the last child": { at: lastMarker, fault: "cut" },
  "after it, before the plan is told": { at: lastMarker, fault: "lost_reply" },
  "before the plan is woken": { at: wakes, fault: "cut" },
  "after it is woken": { at: wakes, fault: "lost_reply" },
  "before the archive is stored": { at: touches("PutObject", "out/"), fault: "cut" },
  "after the last write": { at: succeeds, fault: "lost_reply" },
};

let fleet: Fleet;
/** By plan. */
const planned = new Map<string, Step & { met: () => void }>();

beforeAll(async () => {
  fleet = await openFleet({ speed: 8, skewsMs: [0, 5 * 60_000, -5 * 60_000, 0] });
  fleet.double.faults.decide((call) => {
    const member = fleet.caller(call);
    const [id, step] = [...planned].find(([plan, { at }]) => at(call, plan)) ?? [];
    if (!member || !id || !step) return null;
    planned.delete(id);
    member.kill();
    step.met();
    return step.fault;
  });
});
afterAll(async () => {
  await fleet.stop();
  const left = { strays: fleet.strays(), leftovers: fleet.leftovers(), wrong: fleet.history.wrong };
  await fleet.close();
  expect(left).toEqual({ strays: [], leftovers: [], wrong: [] });
});

describe.concurrent("a plan whose worker, or a child's, is killed", () => {
  test.each(Object.entries(PLAN_KILLS))("%s: no child is lost or doubled", async (_name, step) => {
    const id = newId(fleet.clock.now());
    const met = new Promise<void>((resolve) => planned.set(id, { ...step, met: resolve }));
    await submitClips(fleet, CLIPS, id);
    await met;
    await fleet.history.ended(id);
    const root = await read(fleet, id);
    expect(root).toMatchObject({ state: "succeeded", error: null, failures: 0, claim: null, children: CLIPS });
    const numbers = Array.from({ length: CLIPS }, (_, n) => n);
    expect(await fleet.store.records.children(OWNER, id)).toEqual(numbers);
    for (const n of numbers) {
      const ends = fleet.history.of(childId(id, n)).filter(({ record }) => record.state === "succeeded");
      expect(ends, `child ${n}`).toHaveLength(1);
    }
    expect(await linesOf(root)).toEqual(numbers.map((seed) => ({ job: childId(id, seed), seed })));
    // what an attempt that was cut off has stored stays until the job goes
    const archives = filesOf(fleet, id).filter((name) => name.endsWith("archive.txt"));
    expect(archives).toEqual([`out/${root.attempt}/archive.txt`]);

    await deleteJob(fleet.store, OWNER, id);
    await until(async () => (await fleet.store.records.children(OWNER, id)).length === 0);
    expect(filesOf(fleet, id)).toEqual([]);
  });
});

/** Which clips the archive of a plan has, in its order. */
async function linesOf({ outputs }: JobRecord): Promise<{ job: string; seed: number }[]> {
  const { body } = await fleet.store.files.get(outputs.archive!.key);
  const lines = (await new Response(body).text()).trimEnd().split("\n");
  return lines.map((line) => {
    const { provenance, params } = JSON.parse(line) as { provenance: { job: string }; params: { seed: number } };
    return { job: provenance.job, seed: params.seed };
  });
}
