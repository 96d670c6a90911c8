/** How children end with their root, by a cancel, a deletion or the sweeper. */

import { afterEach, describe, expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import {
  addChild,
  change,
  claim,
  closeStores,
  dead,
  endChild,
  holder,
  messages,
  part,
  put,
  RESULT,
  STORES,
  stateOf,
  timersOf,
  waitingPlan,
} from "../../../../test/support/plans.ts";
import { childId } from "../job/ids.ts";
import { endedKey, endedPrefix, outputKey } from "../job/keys.ts";
import { RESULT_LIFE_MS, TOMBSTONE_LIFE_MS } from "../job/record.ts";
import { cancelChild, livingRoot } from "./children.ts";
import { cancelJob, deleteJob } from "./close.ts";
import { createJob, FIRST_LOOK_MS } from "./jobs.ts";
import { LATE_WRITERS_MS, LOOK_AGAIN_MS } from "./looks.ts";
import { sweepOnce } from "./sweep.ts";
import { endedChildren, markEnded } from "./waiting.ts";

afterEach(closeStores);

describe.each(STORES)("children, %s", (_, makeStore) => {
  test("canceling a child answers how it stands then, and nothing where there is none", async () => {
    const store = await makeStore();
    const { children } = await waitingPlan(store, 2);
    await change(store, children[1]!.id, claim);
    expect(await cancelChild(store, "worker", children[0]!)).toMatchObject({ state: "canceled" });
    expect(await cancelChild(store, "worker", children[1]!)).toMatchObject({ state: "canceling" });
    await store.records.remove("ann", children[0]!.id);
    expect(await cancelChild(store, "worker", children[0]!)).toBeNull();
  });

  test("canceling a root cancels its children, and they are not marked", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 3);
    await change(store, children[1]!.id, claim);
    const ended = await endChild(store, children[2]!);
    expect(await cancelJob(store, "ann", root.id)).toMatchObject({
      refused: null,
      stored: { record: { state: "canceled" } },
    });
    expect(await Promise.all(children.map((child) => stateOf(store, child)))).toEqual([
      ...["canceled", "canceling", "succeeded"],
    ]);
    expect(await livingRoot(store, children[0]!)).toBeNull();
    await markEnded(store, ended);
    expect(await collect(store.files.list(endedPrefix("ann", root.id)))).toEqual([]);
    expect(await cancelJob(store, "ann", root.id)).toMatchObject({ refused: "ended" });
  });

  test("children whose cancel was missed are canceled when the sweeper looks at them", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await change(store, children[1]!.id, claim);
    const records = { ...store.records, children: dead };
    await cancelJob({ ...store, records }, "ann", root.id);
    expect(await stateOf(store, children[0]!)).toBe("queued");
    await store.clock.advance(FIRST_LOOK_MS);
    await sweepOnce(store);
    expect([await stateOf(store, children[0]!), await stateOf(store, children[1]!)]).toEqual(["canceled", "canceling"]);
    expect(await messages(store, "pens")).toEqual([]);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await stateOf(store, children[1]!)).toBe("canceled");
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await timersOf(store)).toEqual([root.id]);
  });

  test("deleting a root takes its children's records and files away at once, stragglers too", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await change(store, root.id, { by: "sweeper", do: "wake", ended: 2 });
    await addChild(store, await change(store, root.id, claim), 2);
    await markEnded(store, await endChild(store, children[0]!));
    await deleteJob(store, "ann", root.id);
    expect(await store.records.children("ann", root.id)).toEqual([]);
    expect(await collect(store.files.list(""))).toEqual([]);
    expect(await stateOf(store, root)).toBe("deleted");
  });

  test("an ended child is marked by the sweeper, which wakes the root and then leaves the child alone", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await endChild(store, child);
    await store.clock.advance(FIRST_LOOK_MS);
    await sweepOnce(store);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await stateOf(store, root)).toBe("queued");
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(await timersOf(store)).toEqual([root.id]);
    expect(await Promise.all(children.map((child) => stateOf(store, child)))).toEqual(["succeeded", "succeeded"]);
  });

  test("children outlive their own hour and go with their root; at the end nothing is left", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await markEnded(store, await endChild(store, child));
    await store.clock.advance(3 * RESULT_LIFE_MS);
    await sweepOnce(store);
    expect(await endedChildren(store, root)).toHaveProperty("size", 2);
    expect(await collect(store.files.list(outputKey("ann", children[0]!.id, 1, "image.png")))).toHaveLength(1);

    await change(store, root.id, { ...claim });
    await change(store, root.id, { ...holder, do: "succeed", ...RESULT });
    // a plan that was given up creates one more, and its worker writes a file, after the root was closed
    await store.clock.advance(RESULT_LIFE_MS + LOOK_AGAIN_MS * 6);
    await sweepOnce(store);
    expect(await stateOf(store, root)).toBe("expired");
    expect(await store.records.children("ann", root.id)).toEqual([]);
    const late = childId(root.id, 5);
    const child = {
      ...part(store, late),
      owner: "ann",
      id: late,
      root: root.id,
      index: 5,
      deadlineAtMs: root.deadline_at,
    };
    await createJob(store, child);
    await put(store, endedKey("ann", late));
    for (const ms of [LATE_WRITERS_MS, TOMBSTONE_LIFE_MS, LOOK_AGAIN_MS, RESULT_LIFE_MS]) {
      await store.clock.advance(ms);
      await sweepOnce(store);
    }
    expect(await store.leftovers()).toEqual([]);
    expect(await timersOf(store)).toEqual([]);
    expect(await store.records.get("ann", late)).toBeNull();
  });
});
