/** A job in each of its states, and every change, for tests of who may change what. */
import { type Change, changeJob } from "@smileloop/core/job/change.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { type JobRecord, type JobState, newJobRecord, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";

export const NOW = Date.parse("2026-01-02T03:04:05Z");
export const output = {
  ...{ key: "jobs/local/x/out/1/video.mp4", attempt: 1, type: "video/mp4", bytes: 9, sha256: "0".repeat(64) },
  ...{ width: 2, height: 2, frames: 25, fps: 25, duration: 1 },
};
export const result = { outputs: { video: output }, engineVersion: "1.2", warnings: [], timings: { render: 5 } };
export const input = { key: "jobs/local/x/in/image/0", type: "image/png", bytes: 3, source: "form" };

export const alive = { by: "worker", do: "claim", token: "new", worker: "w2", leaseAlive: true } satisfies Change;
export const dead = { ...alive, leaseAlive: false } satisfies Change;
export const holder = { by: "holder", token: "mine" } as const;
export const crashed = { code: "engine_crashed", detail: "The engine crashed." } as const;
export const noFace = { code: "no_face", detail: "No face was found." } as const;

export const CHANGES = {
  cancel: { by: "api", do: "cancel" },
  "cancel of a child": { by: "sweeper", do: "cancel" },
  delete: { by: "api", do: "delete" },
  "claim, lease alive": alive,
  "claim, lease dead": dead,
  "close, lease alive": { by: "worker", do: "close", leaseAlive: true },
  "close, lease dead": { by: "sweeper", do: "close", leaseAlive: false },
  beat: { ...holder, do: "beat", progress: null },
  publish: { ...holder, do: "publish", outputs: { early: output } },
  "publish of another": { ...holder, token: "other", do: "publish", outputs: { early: output } },
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

export function queuedJob(): JobRecord {
  const job = { id: newId(NOW), owner: "local", kind: "draw", queue: "warp", engine: "warp", estimateSeconds: 2 };
  const held = { params: { preset: "smile" }, metadata: { order: "7" }, inputs: { image: [input] } };
  return newJobRecord({ ...job, ...held }, NOW);
}

export function asked({ id, owner, kind, queue, params, metadata, inputs }: JobRecord) {
  return { id, owner, kind, queue, params, metadata, inputs };
}

export function changed(record: JobRecord, change: Change, now = NOW): JobRecord {
  const next = changeJob(record, change, now);
  if (typeof next === "string") throw new Error(`refused: ${next}`);
  return next;
}

export const claimed = (record: JobRecord, token = "mine") => changed(record, { ...dead, token, worker: "w1" });

export function jobIn(state: JobState): JobRecord {
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
