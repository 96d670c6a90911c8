/** Plans, their children, and jobs that wait or move. */
import { expect, test } from "vitest";
import {
  asked,
  CHANGES,
  changed,
  claimed,
  dead,
  holder,
  NOW,
  queuedJob,
} from "../../../../test/support/job-changes.ts";
import { type Change, changeJob, MAX_CLAIMS, MAX_MOVES } from "./change.ts";
import { childId } from "./ids.ts";
import { type JobRecord, jobRecordSchema, newJobRecord, RESULT_LIFE_MS } from "./record.ts";

test("a wait stores how many children there are, lets go of the claim, and starts the failures again", () => {
  const failed = changed(claimed(queuedJob()), CHANGES["fail, to be tried again"]);
  const waiting = changed(claimed(failed), CHANGES.wait);
  expect(waiting).toMatchObject({ state: "waiting", children: 3, waits: 1, failures: 0, claim: null, attempt: 2 });
  expect(waiting.attempts).toHaveLength(2);
  const woken = changed(waiting, CHANGES.wake, NOW + 5);
  expect(woken).toMatchObject({ state: "queued", queued_at: NOW + 5 });
  // a plan that is run again never counts fewer
  expect(changed(claimed(woken), { ...holder, do: "wait", children: 1, ended: 0 }).children).toBe(3);
});

test("more children that have ended are progress of a plan that waits, and of no other", () => {
  const count = (done: number) => {
    const ended = { succeeded: done - 1, failed: 1, canceled: 0 };
    return { by: "worker", do: "count", ended } as const;
  };
  const waiting = changed(claimed(queuedJob()), { ...holder, do: "wait", children: 40, ended: 1 });
  expect(waiting.progress).toEqual({ stage: "waiting", done: 1, total: 40, percent: 2.4 });
  const counted = changed(waiting, count(20));
  expect(jobRecordSchema.parse(counted)).toMatchObject({
    ...{ state: "waiting", children: 40, ended: { succeeded: 19, failed: 1, canceled: 0 } },
    progress: { stage: "waiting", done: 20, total: 40, percent: 47.5 },
  });
  // late news, and more than there are
  for (const done of [19, 20, 41]) expect(changeJob(counted, count(done), NOW)).toBe("nothing_to_do");
  for (const other of [queuedJob(), claimed(queuedJob())])
    expect(changeJob(other, count(20), NOW)).toBe("nothing_to_do");
});

test("a claim that ended in a wait or a move does not count among the ten", () => {
  let record = queuedJob();
  for (let turn = 1; turn <= MAX_CLAIMS + 5; turn++) {
    record = changed(changed(claimed(record), { ...holder, do: "wait", children: turn, ended: turn - 1 }), {
      ...{ by: "worker", do: "wake", ended: turn },
    });
  }
  expect(jobRecordSchema.parse(record).attempts).toHaveLength(MAX_CLAIMS);
  for (let turn = 1; turn <= MAX_MOVES; turn++) {
    record = changed(claimed(record), { ...holder, do: "requeue", queue: `q${turn}`, estimateSeconds: turn });
  }
  for (let turn = 1; turn <= MAX_CLAIMS; turn++) record = changed(claimed(record), CHANGES["hand back"]);
  expect(changed(record, dead)).toMatchObject({ state: "failed", error: { code: "worker_lost" } });
});

test("a move is not a failure, goes to the other queue with the new estimate, and is made three times at most", () => {
  let record = changed(claimed(queuedJob()), CHANGES["fail, to be tried again"]);
  for (let turn = 1; turn <= MAX_MOVES; turn++) {
    const move: Change = { ...holder, do: "requeue", queue: `q${turn}`, estimateSeconds: turn };
    record = changed(claimed(record), move, NOW + turn);
    expect(record).toMatchObject({ state: "queued", queue: `q${turn}`, estimate_s: turn, failures: 1, moves: turn });
    expect(record.queued_at).toBe(NOW + turn);
  }
  expect(changeJob(claimed(record), CHANGES.requeue, NOW)).toBe("nothing_to_do");
});

test("a plan has no engine, and neither has its result", () => {
  const plan = newJobRecord({ ...asked(queuedJob()), engine: null, estimateSeconds: 0 }, NOW);
  expect(plan.engine).toBeNull();
  expect(changed(claimed(plan), { ...CHANGES.succeed, engineVersion: null }).engine).toBeNull();
});

test("a child has its root's deadline, no dialect, never expires by itself and has no children", () => {
  const root = queuedJob();
  const child = newJobRecord(
    {
      ...{ ...asked(root), engine: "warp", estimateSeconds: 1, consent: { by: "ann" } },
      ...{ id: childId(root.id, 4), root: root.id, index: 4, deadlineAtMs: root.deadline_at },
    },
    NOW + 1000,
  );
  expect(jobRecordSchema.parse(child)).toMatchObject({ root: root.id, index: 4, deadline_at: root.deadline_at });
  expect(child.dialect).toBeNull();
  const succeeded = changed(claimed(child), CHANGES.succeed);
  expect(succeeded).toMatchObject({ state: "succeeded", expires_at: null });
  expect(changeJob(succeeded, CHANGES["expire, due"], NOW + 2 * RESULT_LIFE_MS)).toBe("nothing_to_do");
  expect(changeJob(claimed(child), CHANGES.wait, NOW)).toBe("nothing_to_do");
});

test("a job that waits for room says so until it works again, and its progress never falls", () => {
  const beat = (record: JobRecord, percent: number) =>
    changed(record, { ...holder, do: "beat", progress: { stage: "render", done: 1, total: 2, percent } });
  const space = CHANGES["hand back for want of space"];
  expect(changed(claimed(queuedJob()), space).progress).toEqual({
    ...{ stage: "waiting_for_space", done: 0, total: 1, percent: 0 },
  });
  const waiting = changed(beat(claimed(queuedJob()), 40), space);
  expect(waiting).toMatchObject({ failures: 0, progress: { stage: "waiting_for_space", percent: 40 } });
  expect(beat(claimed(waiting), 10).progress).toMatchObject({ stage: "render", percent: 40 });
});

test("a job waits for room until its deadline, however often it is tried", () => {
  let record = queuedJob();
  for (let n = 0; n < 3 * MAX_CLAIMS; n++) {
    record = changed(claimed(record), CHANGES["hand back for want of space"]);
    expect(record).toMatchObject({ state: "queued", failures: 0, waits: n + 1 });
  }
  expect(changed(record, { by: "sweeper", do: "deadline" }, record.deadline_at).error?.code).toBe("deadline_passed");
});
