/**
 * A plan of 5,000 children on the disk home: how long one step takes to create them, in how much memory, how long their ends take to
 * count, and how soon whoever cancels is answered. Beside the same number of the same durable writes with nothing around them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock as clock } from "@smileloop/core/clock.ts";
import { eachAtOnce } from "@smileloop/core/concurrent.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { cancelJob, deleteJob } from "@smileloop/core/jobs/close.ts";
import { createJob } from "@smileloop/core/jobs/jobs.ts";
import { countEnded, markEnded } from "@smileloop/core/jobs/waiting.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { createLog } from "@smileloop/core/log.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { writeOnce } from "@smileloop/core/storage/durable-files.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { PlanHandler } from "@smileloop/worker/kinds/handler.ts";
import { runJob } from "@smileloop/worker/run-job.ts";
import { LISTS } from "../../test/echo/lists.ts";
import { marker, unsigned } from "../../test/support/signing.ts";
import { wavBytes } from "../../test/support/silence.ts";
import { type Figure, type Part, timed, watchMemory } from "./measure.ts";

const CHILDREN = 5000;
const PLAN: PlanHandler = {
  plan: async () => {
    const inputs = { sound: [{ input: "sound" }] };
    const create = Array.from({ length: CHILDREN }, (_, n) => ({
      kind: "echo",
      params: { word: `word ${n}` },
      inputs,
    }));
    return { create };
  },
};

export const plans: Part = { name: "plans", figures };

async function figures(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  try {
    const links = createLocalLinks(Buffer.alloc(32));
    const store = {
      ...{ clock, records: diskRecords({ dir, clock }), files: diskFiles({ dir, clock, links }) },
      queue: memoryQueue({ clock }),
    };
    const root = await createPlan(store);
    const memory = watchMemory();
    const cpu = process.cpuUsage();
    const plan = await timed(1, () => runPlan(store, root, join(dir, "work")));
    const grown = memory.stop();
    const { user, system } = process.cpuUsage(cpu);
    const waiting = await store.records.get(root.owner, root.id);
    if (waiting?.record.children !== CHILDREN) throw new Error(`The plan is ${waiting?.record.state}.`);

    const bare = await timed(1, () => bareWrites(dir, JSON.stringify(root).length, CHILDREN));
    await markThousand(store, waiting.record);
    const count = await timed(5, () => countEnded(store, waiting.record));
    const cancel = await timed(1, () => cancelJob(store, root.owner, root.id));
    const remove = await timed(1, () => deleteJob(store, root.owner, root.id));
    await settle(store, root);
    const limit = { name: "bare durable writes", value: bare[0]! / 1000 };
    return [
      { name: "5,000 children created", unit: "s", value: plan[0]! / 1000, target: 10, limit },
      { name: "  processor time for that", unit: "s", value: (user + system) / 1e6, target: null },
      { name: "  memory for that", unit: "MB", value: grown / 1e6, target: 60, note: "highest growth of the process" },
      { name: "  1,000 ended ones counted", unit: "ms", value: Math.min(...count), target: null, runs: count },
      { name: "  cancel answered", unit: "s", value: cancel[0]! / 1000, target: 5 },
      { name: "  delete answered", unit: "s", value: remove[0]! / 1000, target: 5 },
      await delayOfOthers(),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** How many turns another owner's clip takes with its own, where one worker has just begun one of the children. */
async function delayOfOthers(): Promise<Figure> {
  const queue = memoryQueue({ clock });
  const root = newId(clock.now());
  const children = Array.from({ length: CHILDREN }, (_, n) => ({ queue: "echo", owner: "ann", id: childId(root, n) }));
  await queue.sendAll(children);
  const { signal } = new AbortController();
  const receive = () => queue.receive("echo", { leaseMs: 60_000, waitMs: 0, signal });
  await receive();
  const clip = { queue: "echo", owner: "ben", id: newId(clock.now()) };
  await queue.send(clip);
  let turns = 1;
  for (let next = await receive(); next?.id !== clip.id; next = await receive()) turns++;
  return {
    ...{ name: "another owner's clip beside them", unit: "×", value: turns + 1, target: 2 },
    note: "turns, of one as long as a child that has just begun",
  };
}

type Store = Parameters<typeof createJob>[0];

async function createPlan(store: Store): Promise<JobRecord> {
  const id = newId(clock.now());
  const sound = wavBytes(2);
  const key = inputKey("ann", id, "sound");
  const type = "audio/wav";
  const storeInputs = async () => {
    await store.files.put(key, Readable.from([sound]), { type });
    return { sound: [{ key, type, bytes: sound.length, source: "form" }] };
  };
  const job = { id, owner: "ann", kind: "echo_all", queue: "plans", engine: null, estimateSeconds: 1 };
  return (await createJob(store, { ...job, params: { word: "all" }, metadata: {}, storeInputs })).record;
}

async function runPlan(store: Store, root: JobRecord, workRoot: string): Promise<void> {
  const engines = { known: LISTS.engines, serve: new Map([["echo", ["echo"]]]) };
  const kinds = createKinds({ kinds: LISTS.kinds, presets: new Map(), engines });
  const log = createLog({ level: "error" });
  const deps = {
    ...store,
    kinds,
    handlers: { echo_all: PLAN },
    signer: unsigned,
    marker,
    log,
    processes: null,
    workRoot,
    worker: "bench",
  };
  const { did } = await runJob(deps, root, { signal: new AbortController().signal });
  if (did !== "waits") throw new Error(`The plan has ${did}.`);
}

/** As many as a plan of so many children makes: a timer and a record for each. */
export async function bareWrites(dir: string, bytes: number, count: number): Promise<void> {
  const content = Buffer.alloc(bytes, "x");
  const numbers = Array.from({ length: count }, (_, n) => n);
  const write = async (n: number) => {
    await writeOnce(dir, join(dir, "bare", "due", `${n}`), 0, async () => {});
    await writeOnce(dir, join(dir, "bare", `${n}`, "job.1.json"), 0, (handle) => handle.writeFile(content));
  };
  await eachAtOnce(numbers, () => false, write);
}

async function markThousand(store: Store, root: JobRecord): Promise<void> {
  const numbers = Array.from({ length: 1000 }, (_, n) => n);
  await eachAtOnce(
    numbers,
    () => false,
    (n) => markEnded(store, { ...root, id: `${root.id}.${n}`, root: root.id, index: n, state: "failed" }),
  );
}

/** What was answered goes on; the folder has to stay until it is over. */
async function settle({ records }: Store, { owner, id }: JobRecord): Promise<void> {
  for (let tries = 0; tries < 600 && (await records.children(owner, id)).length > 0; tries++) await clock.sleep(500);
}
