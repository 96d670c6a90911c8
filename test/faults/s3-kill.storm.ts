/**
 * Workers in the cloud that are killed, or put to sleep for longer than their lease, at each step of a job: another does the
 * job, once, and nothing of the first is seen.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@smileloop/core/job/ids.ts";
import { type JobRecord, MAX_JOB_LIFE_MS } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { type JobStore, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, type Member, openFleet } from "../support/fleet.ts";
import { filesOf, OWNER, read, resultFault, scriptedPicture, submit } from "../support/fleet-jobs.ts";
import { type OtherServer, otherServer } from "../support/other-server.ts";
import { until } from "../support/processes.ts";
import type { Call, Fault } from "../support/s3-double/server.ts";
import type { StubScript } from "../support/stub-engine.ts";

/** A call at which something is done to its worker; and whether the call is made (`lost_reply`, null) or not (`cut`). */
type Step = { at: (call: Call, id: string) => boolean; fault: Fault | null };

const writes = (what: (record: JobRecord) => boolean) => (call: Call, id: string) =>
  call.operation === "PutObject" &&
  call.key.endsWith(`${id}/job.json`) &&
  what(JSON.parse(Buffer.from(call.body).toString()) as JobRecord);
const touches = (operation: Call["operation"], place: string) => (call: Call, id: string) =>
  call.operation === operation && call.key.includes(`${id}/${place}`);
const claims = writes(({ state, progress }) => state === "running" && progress === null);
const renders = writes(({ progress }) => progress?.stage === "render");
const uploads = touches("PutObject", "out/1/");
const succeeds = writes(({ state }) => state === "succeeded");

const hasFetched = ({ state, fetches, inputs }: JobRecord) =>
  state === "running" && fetches === undefined && inputs.image !== undefined;
const RENDERS: Step = { at: renders, fault: "lost_reply" };

const KILLS: Record<string, Step> = {
  "when it has looked at the record": { at: touches("GetObject", "job.json"), fault: "lost_reply" },
  "before the claim": { at: claims, fault: "cut" },
  "after the claim": { at: claims, fault: "lost_reply" },
  "when it fetches the picture": { at: touches("GetObject", "in/"), fault: "lost_reply" },
  "while the engine renders": RENDERS,
  "before the upload": { at: uploads, fault: "cut" },
  "after the upload": { at: uploads, fault: "lost_reply" },
  "before the last write": { at: succeeds, fault: "cut" },
  "after the last write, before the ack": { at: succeeds, fault: "lost_reply" },
};
/** And how often the picture is asked for then. */
const KILLS_WITH_URL: Record<string, Step & { asked: number }> = {
  "before the file that it has fetched is stored": { at: touches("PutObject", "in/"), fault: "cut", asked: 2 },
  "after it is stored": { at: touches("PutObject", "in/"), fault: "lost_reply", asked: 1 },
  "before the record says so": { at: writes(hasFetched), fault: "cut", asked: 1 },
  "after that": { at: writes(hasFetched), fault: "lost_reply", asked: 1 },
  "while the engine renders": { ...RENDERS, asked: 1 },
};
const MINUTES_MS = 60_000;

let fleet: Fleet;
let elsewhere: OtherServer;
let jobs = 0;
/** By job: what happens to the worker that is at this step. */
const planned = new Map<string, Step & { act: (member: Member) => void }>();

beforeAll(async () => {
  elsewhere = await otherServer((_, reply) => reply.end(scriptedPicture({ run: "slow:200" })));
  const allow = [{ host: "127.0.0.1", port: elsewhere.port }];
  fleet = await openFleet({ skewsMs: [0, 5 * MINUTES_MS, -5 * MINUTES_MS, 0], allow });
  fleet.double.faults.decide((call) => {
    const member = fleet.caller(call);
    const [id, step] = [...planned].find(([job, { at }]) => at(call, job)) ?? [];
    if (!member || !id || !step) return null;
    planned.delete(id);
    step.act(member);
    return step.fault;
  });
});
afterAll(async () => {
  await fleet.stop();
  const left = { strays: fleet.strays(), leftovers: fleet.leftovers(), wrong: fleet.history.wrong };
  await Promise.all([fleet.close(), elsewhere.close()]);
  expect(left).toEqual({ strays: [], leftovers: [], wrong: [] });
});

/** A job whose worker meets this at this step. Resolves when it has. */
async function jobWith(
  step: Step,
  act: (member: Member) => void,
  script: StubScript = { run: "slow:200" },
  urlOf?: (id: string) => string,
): Promise<{ id: string; seed: number; member: Member }> {
  const id = newId(fleet.clock.now());
  const seed = ++jobs;
  const met = new Promise<Member>((resolve) => {
    planned.set(id, {
      ...step,
      act: (member) => {
        act(member);
        resolve(member);
      },
    });
  });
  await submit(fleet, seed, script, id, urlOf?.(id));
  return { id, seed, member: await met };
}

const asleep = (step: Step) => jobWith(step, (member) => member.pause());

/** Wakes it, and waits until it has found out. */
async function wake(member: Member, id: string): Promise<void> {
  member.wake();
  const left = () =>
    fleet.log.find(({ event, jobId, by }) => event === "job left" && jobId === id && by === member.name);
  await until(() => left() !== undefined);
  expect(left()?.did).toBe("lost");
}

describe.concurrent("a worker that is killed", () => {
  test.each(Object.entries(KILLS))("%s", async (_name, step) => {
    const { id, seed } = await jobWith(step, (member) => member.kill());
    await fleet.history.ended(id);
    const record = await read(fleet, id);
    expect(record).toMatchObject({ state: "succeeded", failures: 0, claim: null });
    expect(Math.min(...Object.values(record.timings))).toBeGreaterThanOrEqual(0);
    expect(await resultFault(fleet, record, seed)).toBeNull();
  });
});

describe.concurrent("a worker that is killed with a job whose picture is elsewhere", () => {
  test.each(Object.entries(KILLS_WITH_URL))("%s", async (_name, { asked, ...step }) => {
    const urlOf = (id: string) => elsewhere.at(`/${id}?signature=secret`, "127.0.0.1");
    const { id, seed } = await jobWith(step, (member) => member.kill(), undefined, urlOf);
    await fleet.history.ended(id);
    const record = await read(fleet, id);
    expect(record).toMatchObject({ state: "succeeded", failures: 0, claim: null });
    expect(record.inputs.image).toMatchObject([{ type: "image/jpeg", source: "url:" }]);
    expect(await resultFault(fleet, record, seed)).toBeNull();
    expect(elsewhere.asked.filter(({ path }) => path.startsWith(`/${id}`))).toHaveLength(asked);
    expect(JSON.stringify([record, fleet.log])).not.toContain("secret");
  });
});

// one after the other: somebody has to be awake
describe("a worker that sleeps longer than its lease", () => {
  test.each([
    ["after its upload", { at: uploads, fault: null }],
    ["in its last write, which it makes again when it wakes", { at: succeeds, fault: "cut" }],
  ] as [string, Step][])("%s: the job is another's, and its own files go", async (_name, step) => {
    const { id, seed, member } = await asleep(step);
    await fleet.history.ended(id);
    expect(filesOf(fleet, id)).toContain("out/1/video.mp4");
    await wake(member, id);
    const record = await read(fleet, id);
    const { attempt } = record;
    expect(attempt).toBeGreaterThan(1);
    expect(record).toMatchObject({ state: "succeeded", failures: 0, outputs: { video: { attempt } } });
    expect(record.attempts[0]?.error?.code).toBe("worker_lost");
    expect(await resultFault(fleet, record, seed)).toBeNull();
    const results = ["poster.jpg", "video.mp4"].map((name) => `out/${attempt}/${name}`);
    expect(filesOf(fleet, id)).toEqual(["in/image/0", ...results]);
  });

  test("in its upload: the job is deleted, and what arrives late goes", async () => {
    const { id, member } = await asleep({ at: uploads, fault: "cut" });
    await deleteJob(fleet.store, OWNER, id);
    await wake(member, id);
    expect((await read(fleet, id)).state).toBe("deleted");
    expect(filesOf(fleet, id)).toEqual([]);
  });

  test("while it renders: the job is canceled, and another closes it", async () => {
    const { id, member } = await asleep({ at: renders, fault: null });
    await updateJob(fleet.store, OWNER, id, () => ({ by: "api", do: "cancel" }));
    await fleet.history.ended(id);
    await wake(member, id);
    expect(await read(fleet, id)).toMatchObject({ state: "canceled", attempt: 1, outputs: {} });
    expect(filesOf(fleet, id)).toEqual(["in/image/0"]);
  });

  test("in its last write: when it wakes, another is at work", async () => {
    const done = join(fleet.dir, "done");
    const script: StubScript = { runs: ["well", `until:${done}`], trace: join(fleet.dir, "trace") };
    const { id, seed, member } = await jobWith({ at: succeeds, fault: "cut" }, (each) => each.pause(), script);
    await until(() => fleet.history.of(id).at(-1)?.record.attempt === 2);
    await wake(member, id);
    expect(await read(fleet, id)).toMatchObject({ state: "running", outputs: {} });
    writeFileSync(done, "");
    await fleet.history.ended(id);
    const record = await read(fleet, id);
    expect(record.outputs.video?.attempt).toBe(record.attempt);
    expect(await resultFault(fleet, record, seed)).toBeNull();
  });

  test("in its last write: the sweeper has ended the job", async () => {
    const { id, member } = await asleep({ at: succeeds, fault: "cut" });
    const { sent, closed } = await sweepOnce(halfADayLater(id));
    expect({ sent, closed }).toEqual({ sent: 0, closed: 1 });
    await wake(member, id);
    expect(await read(fleet, id)).toMatchObject({ state: "failed", attempt: 1, error: { code: "deadline_passed" } });
    expect(filesOf(fleet, id)).toEqual(["in/image/0"]);
  });
});

/** To a sweeper that sees no other job. */
function halfADayLater(id: string): JobStore {
  const { records, ...store } = fleet.sweeperStore;
  const timers = {
    ...records.timers,
    async *due(untilMs: number) {
      for await (const timer of records.timers.due(untilMs)) if (timer.id === id) yield timer;
    },
  };
  const clock = { ...store.clock, now: () => fleet.clock.now() + MAX_JOB_LIFE_MS };
  return { ...store, clock, records: { ...records, timers } };
}
