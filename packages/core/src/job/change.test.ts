import { describe, expect, test } from "vitest";
import { ERRORS } from "../errors.ts";
import { type Change, changeJob, MAX_CLAIMS, MAX_FAILURES, MAX_MOVES } from "./change.ts";
import { childId, newId } from "./ids.ts";
import {
  type JobRecord,
  type JobState,
  jobRecordSchema,
  MAX_JOB_LIFE_MS,
  newJobRecord,
  RESULT_LIFE_MS,
  STATES,
} from "./record.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const output = {
  ...{ key: "jobs/local/x/out/1/video.mp4", attempt: 1, type: "video/mp4", bytes: 9, sha256: "0".repeat(64) },
  ...{ width: 2, height: 2, frames: 25, fps: 25, duration: 1 },
};
const result = { outputs: { video: output }, engineVersion: "1.2", warnings: [], timings: { render: 5 } };
const input = { key: "jobs/local/x/in/image/0", type: "image/png", bytes: 3, source: "form" };

const alive: Change = { by: "worker", do: "claim", token: "new", worker: "w2", leaseAlive: true };
const dead: Change = { ...alive, leaseAlive: false };
const holder = { by: "holder", token: "mine" } as const;
const crashed = { code: "engine_crashed", detail: "The engine crashed." } as const;
const noFace = { code: "no_face", detail: "No face was found." } as const;

const CHANGES = {
  cancel: { by: "api", do: "cancel" },
  "cancel of a child": { by: "sweeper", do: "cancel" },
  delete: { by: "api", do: "delete" },
  "claim, lease alive": alive,
  "claim, lease dead": dead,
  "close, lease alive": { by: "worker", do: "close", leaseAlive: true },
  "close, lease dead": { by: "sweeper", do: "close", leaseAlive: false },
  beat: { ...holder, do: "beat", progress: null },
  succeed: { ...holder, do: "succeed", ...result },
  "fetched, nothing was to be": { ...holder, do: "fetched", inputs: {}, estimateSeconds: 1 },
  "fail, to be tried again": { ...holder, do: "fail", error: crashed },
  "fail for good": { ...holder, do: "fail", error: noFace },
  "hand back": { ...holder, do: "handBack" },
  "hand back for want of space": { ...holder, do: "handBack", waitsFor: "space" },
  "cancel done": { ...holder, do: "cancelDone" },
  wait: { ...holder, do: "wait", children: 3, ended: 2 },
  "wait for nothing": { ...holder, do: "wait", children: 3, ended: 3 },
  requeue: { ...holder, do: "requeue", queue: "warp-long", estimateSeconds: 900 },
  "requeue to where it is": { ...holder, do: "requeue", queue: "warp", estimateSeconds: 900 },
  wake: { by: "worker", do: "wake", ended: 3 },
  "wake, a child left": { by: "sweeper", do: "wake", ended: 2 },
  "wait of another": { ...holder, token: "other", do: "wait", children: 3, ended: 2 },
  "beat of another": { ...holder, token: "other", do: "beat", progress: null },
  "succeed of another": { ...holder, token: "other", do: "succeed", ...result },
  "deadline, in time": { by: "sweeper", do: "deadline" },
  "deadline, past": { by: "sweeper", do: "deadline" },
  "expire, too early": { by: "sweeper", do: "expire" },
  "expire, due": { by: "sweeper", do: "expire" },
} satisfies Record<string, Change>;

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

function queuedJob(): JobRecord {
  const job = { id: newId(NOW), owner: "local", kind: "draw", queue: "warp", engine: "warp", estimateSeconds: 2 };
  const held = { params: { preset: "smile" }, metadata: { order: "7" }, inputs: { image: [input] } };
  return newJobRecord({ ...job, ...held }, NOW);
}

function asked({ id, owner, kind, queue, params, metadata, inputs }: JobRecord) {
  return { id, owner, kind, queue, params, metadata, inputs };
}

function changed(record: JobRecord, change: Change, now = NOW): JobRecord {
  const next = changeJob(record, change, now);
  if (typeof next === "string") throw new Error(`refused: ${next}`);
  return next;
}

const claimed = (record: JobRecord, token = "mine") => changed(record, { ...dead, token, worker: "w1" });

function jobIn(state: JobState): JobRecord {
  const queued = queuedJob();
  const running = claimed(queued);
  const succeeded = changed(running, CHANGES.succeed);
  const records: Record<JobState, () => JobRecord> = {
    queued: () => queued,
    running: () => running,
    canceling: () => changed(running, CHANGES.cancel),
    waiting: () => changed(running, CHANGES.wait),
    succeeded: () => succeeded,
    failed: () => changed(running, CHANGES["fail for good"]),
    canceled: () => changed(queued, CHANGES.cancel),
    expired: () => changed(succeeded, CHANGES["expire, due"], NOW + RESULT_LIFE_MS),
    deleted: () => changed(succeeded, CHANGES.delete),
  };
  return records[state]();
}

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

  test("has no result before", () => {
    expect(changeJob(claimed(job()), CHANGES.succeed, NOW)).toBe("nothing_to_do");
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

test("tombstones hold no file and no claim; a deleted one nothing that the client wrote", () => {
  expect(jobIn("expired")).toMatchObject({ inputs: {}, outputs: {}, claim: null, params: { preset: "smile" } });
  for (const state of ["queued", "running", "canceling", "succeeded"] as const) {
    const deleted = changed(jobIn(state), CHANGES.delete, NOW + 7);
    expect(deleted).toMatchObject({
      inputs: {},
      outputs: {},
      claim: null,
      params: {},
      metadata: {},
      closed_at: NOW + 7,
    });
    expect(JSON.stringify(deleted)).not.toMatch(/smile|order|image\/0|video\.mp4/);
  }
});

test("tombstones keep the code of an error, and none of its words", () => {
  const detail = "Row 3 of Ada's clip is damaged.";
  const failed = changed(claimed(queuedJob()), {
    by: "holder",
    do: "fail",
    token: "mine",
    error: { code: "no_face", detail },
  });
  expect(failed).toMatchObject({ state: "failed", error: { detail } });
  const expired = changed(failed, { by: "sweeper", do: "expire" }, failed.expires_at!);
  const deleted = changed(failed, { by: "api", do: "delete" });
  for (const closed of [expired, deleted]) {
    expect(closed).toMatchObject({
      attempts: [],
      warnings: [],
      error: { code: "no_face", detail: ERRORS.no_face.title },
    });
    expect(JSON.stringify(closed)).not.toContain("Ada");
  }
});

test("the tombstone of a job that never ended counts from its deletion", () => {
  expect(queuedJob().expires_at).toBeNull();
  const deleted = changed(queuedJob(), { by: "api", do: "delete" }, 5_000_000);
  expect(deleted).toMatchObject({ state: "deleted", ended_at: 5_000_000, expires_at: 5_000_000, closed_at: 5_000_000 });
});

test("a record takes the beginning of what is too long", () => {
  const long = "x".repeat(1e4);
  const error = { code: "no_face", detail: long } as const;
  const failed = changed(claimed(queuedJob()), { by: "holder", do: "fail", token: "mine", error });
  const succeeded = changed(claimed(queuedJob()), {
    ...{ by: "holder", do: "succeed", token: "mine", outputs: {}, engineVersion: "1" },
    warnings: Array.from({ length: 100 }, () => ({ code: "w", detail: long })),
    timings: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}${long}`, 1])),
  });
  for (const record of [failed, succeeded]) {
    expect(JSON.stringify(record).length).toBeLessThan(20_000);
    expect(jobRecordSchema.parse(record)).toEqual(record);
  }
  expect(failed.error!.detail).toHaveLength(500);
  expect(succeeded.warnings).toHaveLength(20);
});

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

test("a deleted job keeps nothing of what it was asked and promised", () => {
  const more = { webhook: { url: "secret" }, access: { price: 1 }, consent: { by: "secret" } };
  const job = { ...asked(queuedJob()), engine: null, estimateSeconds: 1, ...more };
  const record = { ...newJobRecord(job, NOW), external: { provider: "sync", id: "secret" } };
  const deleted = changed(record, CHANGES.delete);
  expect(JSON.stringify(deleted)).not.toMatch(/secret|price/);
  expect(jobRecordSchema.parse(deleted).engine).toBeNull();
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
