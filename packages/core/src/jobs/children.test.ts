import { afterEach, describe, expect, test, vi } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import {
  addChild,
  change,
  claim,
  closeStores,
  dead,
  endChild,
  holder,
  memoryStore,
  messages,
  newPlan,
  part,
  put,
  STORES,
  stateOf,
  timersOf,
  waitingPlan,
} from "../../../../test/support/plans.ts";
import { childId } from "../job/ids.ts";
import { endedKey, endedPrefix } from "../job/keys.ts";
import { endedSum } from "../job/progress.ts";
import { cancelChildren, createChild, purgeJob } from "./children.ts";
import { FIRST_LOOK_MS, type JobStore } from "./jobs.ts";
import { LOOK_AGAIN_MS } from "./looks.ts";
import { recover } from "./recover.ts";
import { sweepOnce } from "./sweep.ts";
import { countEnded, endedChildren, markEnded, wakeRoot } from "./waiting.ts";

afterEach(closeStores);

describe.each(STORES)("children, %s", (_, makeStore) => {
  test("a child shares owner, deadline and consent, has its own timer and message, and is created once", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    await store.clock.advance(1000);
    const child = await addChild(store, root, 7);
    expect(child).toMatchObject({
      ...{ id: childId(root.id, 7), owner: "ann", root: root.id, index: 7, kind: "draw", dialect: null },
      ...{ deadline_at: root.deadline_at, consent: { by: "ann" }, state: "queued", engine: { name: "pencil" } },
    });
    expect(await messages(store, "pens")).toEqual([child.id]);
    expect((await timersOf(store)).sort()).toEqual([root.id, child.id]);

    const again = await createChild(store, root, 7, part(store, child.id));
    expect(again).toEqual({ record: child, replayed: true });
    expect(await store.records.children("ann", root.id)).toEqual([7]);
    expect((await store.records.list("ann", { limit: 10 })).records).toHaveLength(1);
    expect(await store.records.countSince("ann", 0, 10)).toBe(1);
  });

  test("a plan that died half-way through a child's creation carries it on", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    const id = childId(root.id, 0);
    const records = { ...store.records, create: dead };
    expect(await codeOf(() => createChild({ ...store, records }, root, 0, part(store, id)))).toBe(
      "storage_unavailable",
    );
    expect(await addChild(store, root, 0)).toMatchObject({ id, state: "queued" });
    expect(await timersOf(store)).toHaveLength(2);
    expect(await messages(store, "pens")).toEqual([id]);
  });

  test("a root that has ended, is being canceled, or is claimed by another gets no child", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    const refused = () => codeOf(() => addChild(store, root, 0));
    await change(store, root.id, claim);
    expect(await refused()).toBe("canceled");
    await change(store, root.id, { by: "api", do: "cancel" });
    expect(await refused()).toBe("canceled");
    await change(store, root.id, { ...holder, do: "cancelDone" });
    expect(await refused()).toBe("canceled");
    await store.records.remove("ann", root.id);
    expect(await refused()).toBe("canceled");
    expect(await store.records.children("ann", root.id)).toEqual([]);
    expect(await timersOf(store)).toEqual([root.id]);
  });

  test("the end of a child is marked once, and tells the root", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await expect(markEnded(store, children[1]!)).rejects.toThrow("has not ended");
    const ended = await endChild(store, children[1]!);
    await markEnded(store, ended);
    await markEnded(store, ended);
    expect((await collect(store.files.list(endedPrefix("ann", root.id)))).map(({ key }) => key)).toEqual([
      endedKey("ann", ended.id),
    ]);
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(endedSum(await countEnded(store, root))).toBe(1);
    expect([...(await endedChildren(store, root))]).toEqual([[1, ended]]);
  });

  test("a child that cannot be marked is not taken for marked: its root would wait for ever", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    const ended = await endChild(store, children[0]!);
    const files = { ...store.files, put: dead };
    expect(await codeOf(() => markEnded({ ...store, files }, ended))).toBe("storage_unavailable");
    expect(await messages(store, "plans")).toEqual([]);
    await markEnded(store, ended);
    expect(endedSum(await countEnded(store, root))).toBe(1);
  });

  test("a root is woken when all have ended, once", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) {
      // the markers tell; the record is not read for each child that ends
      expect(await wakeRoot({ ...store, records: { ...store.records, get: dead } }, "worker", root)).toBe(false);
      await markEnded(store, await endChild(store, child));
    }
    await messages(store, "plans");
    // of a root that works, no markers are listed
    const list = vi.fn(store.files.list);
    expect(await wakeRoot({ ...store, files: { ...store.files, list } }, "worker", { ...root, state: "running" })).toBe(
      false,
    );
    expect(list).not.toHaveBeenCalled();
    expect(await wakeRoot(store, "worker", root)).toBe(true);
    expect(await stateOf(store, root)).toBe("queued");
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(await wakeRoot(store, "sweeper", root)).toBe(false);
  });

  test("markers are counted in one list, and those of children that are not counted are not", async () => {
    const store = await makeStore();
    const plan = await newPlan(store);
    for (const index of [0, 1, 2]) await addChild(store, plan, index);
    // a plan that crashed had created one more than the next run did
    const root = await change(store, plan.id, { ...holder, do: "wait", children: 2, ended: 0 });
    for (const index of [0, 2]) {
      await markEnded(store, await endChild(store, (await store.records.get("ann", childId(root.id, index)))!.record));
    }
    let lists = 0;
    const list = (prefix: string) => {
      lists++;
      return store.files.list(prefix);
    };
    expect(endedSum(await countEnded({ files: { ...store.files, list } }, root))).toBe(1);
    expect(lists).toBe(1);
    expect(await wakeRoot(store, "worker", root)).toBe(false);
    expect([...(await endedChildren(store, root)).keys()]).toEqual([0, 2]);
  });

  test("of the children that have ended, those whose records are gone are left out; a storage that is away is an error", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await markEnded(store, await endChild(store, child));
    const away = { ...store, records: { ...store.records, get: dead } };
    expect(await codeOf(() => endedChildren(away, root))).toBe("storage_unavailable");
    await store.records.remove("ann", children[0]!.id);
    expect([...(await endedChildren(store, root)).keys()]).toEqual([1]);
  });

  test("a child whose root is gone goes", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    await store.records.remove("ann", root.id);
    for (const ms of [FIRST_LOOK_MS, LOOK_AGAIN_MS, 2 * LOOK_AGAIN_MS, 4 * LOOK_AGAIN_MS]) {
      await store.clock.advance(ms);
      await sweepOnce(store);
    }
    expect(await stateOf(store, children[0]!)).toBeNull();
    expect(await store.leftovers()).toEqual([]);
  });

  test("a root that waits has its deadline; its children have the same", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    await store.clock.advance(root.deadline_at - store.clock.now());
    await sweepOnce(store);
    expect([await stateOf(store, root), await stateOf(store, children[0]!)]).toEqual(["failed", "failed"]);
  });

  test("a server that starts marks what had ended, and wakes the plans that can go on", async () => {
    const store = await makeStore();
    const ready = await waitingPlan(store, 1);
    await markEnded(store, await endChild(store, ready.children[0]!));
    const unmarked = await waitingPlan(store, 2);
    await endChild(store, unmarked.children[0]!);
    await messages(store, "plans");
    await recover(store, { exclusive: false });
    expect(await stateOf(store, ready.root)).toBe("queued");
    expect(await stateOf(store, unmarked.root)).toBe("waiting");
    expect(endedSum(await countEnded(store, unmarked.root))).toBe(1);
    expect((await messages(store, "plans")).sort()).toEqual([ready.root.id, unmarked.root.id].sort());
    expect(await messages(store, "pens")).toEqual([unmarked.children[1]!.id]);
  });
});

test("no children are looked for when a job of an engine is canceled or taken away", async () => {
  const store = memoryStore();
  const { root, children } = await waitingPlan(store, 1);
  const asked: string[] = [];
  const records: JobStore["records"] = {
    ...store.records,
    children(owner, id) {
      asked.push(id);
      return store.records.children(owner, id);
    },
  };
  for (const job of [children[0]!, root]) {
    await cancelChildren({ ...store, records }, "api", job);
    await purgeJob({ ...store, records }, job);
  }
  expect(asked).toEqual([root.id, root.id]);
});

test("a file among the markers that is none counts for no child", async () => {
  const store = memoryStore();
  const { root } = await waitingPlan(store, 1);
  await put(store, `${endedPrefix("ann", root.id)}notes.txt`);
  expect(endedSum(await countEnded(store, root))).toBe(0);
});
