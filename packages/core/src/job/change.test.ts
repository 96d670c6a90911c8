import { describe, expect, test } from "vitest";
import {
  CHANGES,
  changed,
  claimed,
  crashed,
  dead,
  holder,
  input,
  jobIn,
  NOW,
  noFace,
  output,
  queuedJob,
} from "../../../../test/support/job-changes.ts";
import { changeJob, MAX_CLAIMS, MAX_FAILURES } from "./change.ts";
import { type JobRecord, type JobState, jobRecordSchema, MAX_JOB_LIFE_MS, RESULT_LIFE_MS, STATES } from "./record.ts";

const ended = { succeeded: "ended", failed: "ended", canceled: "ended", expired: "ended", deleted: "ended" };
const holderOnly = {
  queued: "not_holder",
  waiting: "not_holder",
  running: "running",
  canceling: "canceling",
  ...ended,
};
const notOthers = { ...holderOnly, running: "not_holder", canceling: "not_holder" };
const nobodysResult = { queued: "nothing_to_do", running: "nothing_to_do", waiting: "nothing_to_do" };
const canceled = {
  queued: "canceled",
  waiting: "canceled",
  running: "canceling",
  canceling: "nothing_to_do",
  ...ended,
};
const holderStays = { ...holderOnly, running: "nothing_to_do" };
/** The state after the change, or why it is refused. */
const TABLE: Record<keyof typeof CHANGES, Record<JobState, string>> = {
  cancel: canceled,
  "cancel of a child": canceled,
  delete: { ...(Object.fromEntries(STATES.map((s) => [s, "deleted"])) as Record<JobState, string>), deleted: "ended" },
  "claim, lease alive": {
    ...{ queued: "running", running: "lease_alive", canceling: "canceling", waiting: "nothing_to_do" },
    ...ended,
  },
  "claim, lease dead": {
    ...{ queued: "running", running: "running", canceling: "canceling", waiting: "nothing_to_do" },
    ...ended,
  },
  "close, lease alive": { ...nobodysResult, canceling: "lease_alive", ...ended },
  "close, lease dead": { ...nobodysResult, canceling: "canceled", ...ended },
  beat: holderOnly,
  publish: holderOnly,
  "publish of another": notOthers,
  succeed: { ...holderOnly, running: "succeeded" },
  "fetched, nothing was to be": holderStays,
  "fail, to be tried again": { ...holderOnly, running: "queued" },
  "fail for good": { ...holderOnly, running: "failed" },
  "hand back": { ...holderOnly, running: "queued" },
  "hand back for want of space": { ...holderOnly, running: "queued" },
  "cancel done": { ...holderOnly, running: "nothing_to_do", canceling: "canceled" },
  wait: { ...holderOnly, running: "waiting" },
  "wait for nothing": holderStays,
  requeue: { ...holderOnly, running: "queued" },
  "requeue to where it is": holderStays,
  wake: { ...nobodysResult, canceling: "nothing_to_do", waiting: "queued", ...ended },
  "wake, a child left": { ...nobodysResult, canceling: "nothing_to_do", waiting: "children_left", ...ended },
  "wait of another": notOthers,
  "beat of another": notOthers,
  "succeed of another": notOthers,
  "deadline, in time": { queued: "not_due", running: "not_due", canceling: "not_due", waiting: "not_due", ...ended },
  "deadline, past": { queued: "failed", running: "failed", canceling: "canceled", waiting: "failed", ...ended },
  "expire, too early": {
    ...{ ...nobodysResult, canceling: "nothing_to_do", succeeded: "not_due", failed: "not_due", canceled: "not_due" },
    ...{ expired: "ended", deleted: "ended" },
  },
  "expire, due": {
    ...{ ...nobodysResult, canceling: "nothing_to_do", succeeded: "expired", failed: "expired", canceled: "expired" },
    ...{ expired: "ended", deleted: "ended" },
  },
};

const TIMES: Partial<Record<keyof typeof CHANGES, number>> = {
  "deadline, in time": NOW + MAX_JOB_LIFE_MS - 1,
  "deadline, past": NOW + MAX_JOB_LIFE_MS,
  "expire, too early": NOW + RESULT_LIFE_MS - 1,
  "expire, due": NOW + RESULT_LIFE_MS,
};

for (const name of Object.keys(CHANGES) as (keyof typeof CHANGES)[]) {
  test.each(STATES)(`${name}: %s`, (state) => {
    const record = jobIn(state);
    const before = structuredClone(record);
    const next = changeJob(record, CHANGES[name], TIMES[name] ?? NOW);
    expect(typeof next === "string" ? next : next.state).toBe(TABLE[name][state]);
    expect(record).toEqual(before);
    if (typeof next === "string") return;
    expect(next.rev).toBe(record.rev + 1);
    expect(next.write).not.toBe(record.write);
    expect([next.id, next.owner, next.created_at]).toEqual([record.id, record.owner, record.created_at]);
    expect(next.claim !== null).toBe(next.state === "running" || next.state === "canceling");
  });
}

describe("a job that fetches its input", () => {
  const url = "https://files.example/a.jpg?signature=secret";
  const source = "url:https://files.example/a.jpg";
  const job = (): JobRecord => ({ ...queuedJob(), inputs: {}, fetches: [{ slot: "image", nth: 0, source, url }] });
  const fetched = { ...holder, do: "fetched" as const, inputs: { image: [input] }, estimateSeconds: 7 };

  test("has it when its holder says so, once, and by no other way", () => {
    const running = claimed(job());
    expect(changeJob(running, { ...fetched, token: "other" }, NOW)).toBe("not_holder");
    expect(changeJob(job(), fetched, NOW)).toBe("not_holder");
    expect(changeJob(changed(running, CHANGES.cancel), fetched, NOW)).toBe("canceling");
    const whole = changed(running, fetched);
    expect(whole).toMatchObject({
      state: "running",
      inputs: { image: [input] },
      estimate_s: 7,
      claim: { token: "mine" },
    });
    expect(whole.fetches).toBeUndefined();
    expect(changeJob(whole, fetched, NOW)).toBe("nothing_to_do");
    expect(JSON.stringify(whole)).not.toContain("secret");
  });

  test("has no result before, nor a part of one", () => {
    expect(changeJob(claimed(job()), CHANGES.succeed, NOW)).toBe("nothing_to_do");
    expect(changeJob(claimed(job()), CHANGES.publish, NOW)).toBe("nothing_to_do");
    expect(changed(changed(claimed(job()), fetched), CHANGES.succeed).state).toBe("succeeded");
  });

  test("keeps the URL while it is to be tried again", () => {
    const running = claimed(job());
    for (const name of ["hand back", "fail, to be tried again", "requeue"] as const) {
      expect(changed(running, CHANGES[name]).fetches).toEqual(job().fetches);
    }
  });

  test("forgets the URL when it ends, however it does, and where it was from with its files", () => {
    const running = claimed(job());
    const canceling = changed(running, CHANGES.cancel);
    const ends = [
      changed(running, CHANGES["fail for good"]),
      changed(job(), CHANGES.cancel),
      changed(canceling, CHANGES["cancel done"]),
      changed(canceling, CHANGES["close, lease dead"]),
      changed(job(), CHANGES["deadline, past"], NOW + MAX_JOB_LIFE_MS),
    ];
    for (const ended of ends) {
      expect(jobRecordSchema.parse(ended).fetches).toEqual([{ slot: "image", nth: 0, source }]);
      const closed = [changed(ended, CHANGES.delete), changed(ended, CHANGES["expire, due"], ended.expires_at!)];
      for (const each of closed) expect(JSON.stringify(each)).not.toContain("files.example");
    }
    expect(JSON.stringify(changed(running, CHANGES.delete))).not.toContain("files.example");
  });
});

test("outputs that are published early stay until the result takes their place, or go with the claim that made them", () => {
  const publish = (record: JobRecord, name: string) =>
    changed(record, { ...holder, do: "publish", outputs: { [name]: output } });
  const first = publish(claimed(queuedJob()), "wink");
  expect(first).toMatchObject({ state: "running", outputs: { wink: output } });
  const both = publish(changed(first, CHANGES.beat), "nod");
  expect(Object.keys(both.outputs)).toEqual(["wink", "nod"]);
  expect(changed(both, CHANGES.cancel).outputs).toEqual(both.outputs);
  expect(changed(both, CHANGES.succeed).outputs).toEqual({ video: output });
  for (const name of Object.keys(CHANGES) as (keyof typeof CHANGES)[]) {
    for (const record of [both, changed(both, CHANGES.cancel)]) {
      const next = changeJob(record, CHANGES[name], TIMES[name] ?? NOW);
      if (typeof next === "string" || next.state === "succeeded" || next.claim?.token === "mine") continue;
      expect(next.outputs, name).toEqual({});
    }
  }
  const waits = changed(both, { ...holder, do: "handBack", waitsFor: "service" });
  expect(waits).toMatchObject({ state: "queued", outputs: {} });
});

test("the third failure is the last, and the job says which", () => {
  let record = queuedJob();
  for (let turn = 1; turn < MAX_FAILURES; turn++) {
    record = changed(claimed(record), CHANGES["fail, to be tried again"]);
    expect(record).toMatchObject({ state: "queued", failures: turn, error: null, ended_at: null });
  }
  record = changed(claimed(record), CHANGES["fail, to be tried again"]);
  expect(record).toMatchObject({ state: "failed", failures: MAX_FAILURES, error: crashed, ended_at: NOW });
  expect(record.attempts.map(({ error }) => error)).toEqual(Array(MAX_FAILURES).fill(crashed));
});

test("what no second try can mend fails at once", () => {
  expect(jobIn("failed")).toMatchObject({ state: "failed", failures: 1, error: noFace });
});

test("a hand back is no failure, but every claim counts: the eleventh is refused with worker_lost", () => {
  let record = queuedJob();
  for (let turn = 1; turn <= MAX_CLAIMS; turn++) {
    record = changed(claimed(record), CHANGES["hand back"]);
    expect(record).toMatchObject({ state: "queued", failures: 0, attempt: turn });
  }
  record = changed(record, dead);
  expect(record).toMatchObject({ state: "failed", failures: 0, error: { code: "worker_lost" }, claim: null });
  expect(record.attempts).toHaveLength(MAX_CLAIMS);
});

test("a claim that follows a lost worker fences it and says so in the attempts", () => {
  const second = changed(claimed(queuedJob()), dead);
  expect(second).toMatchObject({ state: "running", attempt: 2, claim: { token: "new", worker: "w2" } });
  expect(second.attempts).toMatchObject([{ worker: "w1", error: { code: "worker_lost" } }]);
  expect(changeJob(second, CHANGES.succeed, NOW)).toBe("not_holder");
});

test("an attempt tells when it began and when it ended", () => {
  const claim = changed(queuedJob(), { ...dead, token: "mine", worker: "w1" }, NOW + 3);
  const failed = changed(claim, CHANGES["fail for good"], NOW + 8);
  expect(failed.attempts).toEqual([{ started: NOW + 3, ended: NOW + 8, worker: "w1", error: noFace }]);
});

test("progress never goes back, not even with the second try", () => {
  const beat = (record: JobRecord, percent: number) => {
    const progress = { stage: "render", done: percent, total: 100, percent };
    return changed(record, { ...holder, do: "beat", progress });
  };
  let record = beat(claimed(queuedJob()), 40);
  expect(beat(record, 30).progress).toMatchObject({ done: 30, percent: 40 });
  expect(changed(record, CHANGES.beat).progress?.percent).toBe(40);
  record = claimed(changed(record, CHANGES["hand back"]));
  expect(beat(record, 1).progress?.percent).toBe(40);
  expect(beat(record, 41).progress?.percent).toBe(41);
  expect(changed(record, CHANGES.succeed).progress?.percent).toBe(100);
});

test("a result goes an hour after it is ready, not after it was asked for", () => {
  const readyAt = NOW + 5 * 60_000;
  const succeeded = changed(claimed(queuedJob()), CHANGES.succeed, readyAt);
  expect(succeeded).toMatchObject({
    ended_at: readyAt,
    expires_at: readyAt + RESULT_LIFE_MS,
    engine: { version: "1.2" },
  });
  expect(changeJob(succeeded, CHANGES["expire, due"], readyAt + RESULT_LIFE_MS - 1)).toBe("not_due");
});

test("a deadline that has passed says so", () => {
  const late = changed(queuedJob(), CHANGES["deadline, past"], NOW + MAX_JOB_LIFE_MS);
  expect(late).toMatchObject({ state: "failed", error: { code: "deadline_passed" } });
});
