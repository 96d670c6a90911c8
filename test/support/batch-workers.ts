/**
 * An API, a sweeper, and workers as operators start them, with the built-in engine: two for clips and one for plans, over S3 and SQS on
 * loopback, in real time. Workers may be killed, at calls to the storage that are drawn by a seed, and followed by the next.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { runSweeper } from "@smileloop/core/jobs/sweep.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { testApi } from "./api.ts";
import { jobHistory } from "./job-history.ts";
import { PRESETS } from "./presets.ts";
import { isAlive } from "./processes.ts";
import { ADMIN, openBucket } from "./s3.ts";
import type { Role } from "./s3-double/server.ts";
import { MARK_KEY, SIGNING_KEY } from "./signing.ts";
import { openSqs } from "./sqs.ts";

const WORKER = join(import.meta.dirname, "../../functions/worker.ts");
const QUEUES = ["warp", PLAN_QUEUE];
const PLACES = ["warp", "warp", PLAN_QUEUE];
/** Calls of workers from one kill to the next, at most. */
const CALLS_BETWEEN = 20;

export type KillPlan = {
  seed: number;
  /** How many workers have to have been killed when so many jobs have ended, the look at the video among them. */
  due: (ended: number) => number;
};

export async function openBatchWorkers({ seed, due }: KillPlan) {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-batch-"));
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const random = randomFrom(seed);
  const history = jobHistory();
  /** By access key. */
  const workers = new Map<string, { name: string; kill: () => void }>();
  const roles: Role[] = [ADMIN];
  const onPut = ({ key, body, by }: { key: string; body: Uint8Array; by: string }) => {
    const name = workers.get(by)?.name ?? (by === ADMIN.accessKeyId ? "api" : by);
    if (key.endsWith("/job.json")) history.add({ body, by: name, atMs: clock.now() });
  };
  const bucket = await openBucket({ clock, roles, onPut });
  const sweeper: Role = { accessKeyId: "sweeper", secretAccessKey: "secret" };
  roles.push(sweeper);
  const sqs = await openSqs(QUEUES);
  const queue = sqsQueue({ ...sqs, clock });
  const storeOf = (client: typeof bucket.client) => {
    const home = { client, bucket: bucket.bucket, clock };
    return { records: s3Records(home), files: s3Files(home), queue, clock };
  };
  const serve = new Map(["survey", "insert"].map((kind) => [kind, ["warp"]]));
  const engines = { known: [{ name: "warp", kinds: [...serve.keys()] }], serve };
  const kinds = createKinds({ presets: PRESETS, engines });
  const api = testApi({ liveEvents: true }, { ...storeOf(bucket.client), kinds, localLinks: null });
  await api.listen();

  const pids: number[] = [];
  const exits: Promise<void>[] = [];
  const broken = Promise.withResolvers<never>();
  let stopping = false;
  let kills = 0;
  let calls = Math.floor(random() * CALLS_BETWEEN);

  const start = (place: number): void => {
    const role = { accessKeyId: `W${place}N${exits.length}`, secretAccessKey: "secret" };
    roles.push(role);
    const child = spawn(process.execPath, ["--max-semi-space-size=1", WORKER], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...{ PATH: process.env.PATH, WORK_DIR: join(dir, `work-${place}`), QUEUE: PLACES[place] },
        ...{ AWS_ACCESS_KEY_ID: role.accessKeyId, AWS_SECRET_ACCESS_KEY: role.secretAccessKey },
        ...{ BUCKET: bucket.bucket, S3_ENDPOINT: bucket.double.endpoint, SQS_ENDPOINT: sqs.endpoint },
        QUEUES: QUEUES.map((name) => `${name}=${sqs.endpoint}/000000000000/${name}`).join(),
        ...{ SPOT_METADATA_URL: "none", WARP_PROCESSES: "1", LOG_LEVEL: "error" },
        NODE_COMPILE_CACHE: join(dir, "compiled"),
        SIGNING_KEY,
        MARK_KEY,
      },
    });
    const pid = child.pid!;
    pids.push(pid);
    let killed = false;
    const kill = () => {
      killed = child.kill("SIGKILL");
      workers.delete(role.accessKeyId);
    };
    workers.set(role.accessKeyId, { name: `${hostname()}-${pid}`, kill });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    exits.push(
      once(child, "close").then(([code]) => {
        if (!killed && code !== 0)
          broken.reject(new Error(`A worker of ${PLACES[place]} ended with ${code}: ${stderr}`));
        else if (!stopping) start(place);
      }),
    );
  };
  bucket.double.faults.decide(({ by }) => {
    const worker = workers.get(by);
    if (!worker || stopping || calls-- > 0 || kills >= due(history.endedCount())) return null;
    calls = Math.floor(random() * CALLS_BETWEEN);
    kills++;
    worker.kill();
    return random() < 0.5 ? "cut" : "lost_reply";
  });
  broken.promise.catch(() => {});
  const over = new AbortController();
  const sweeperStore = storeOf(bucket.clientOf(sweeper));
  const sweeps = runSweeper(sweeperStore, { signal: over.signal });
  for (const place of PLACES.keys()) start(place);

  return {
    ...{ api, history, sweeperStore, sqs, double: bucket.double },
    /** Puts the clock forward, of all but the workers: once they have ended. */
    forward(ms: number): void {
      aheadMs += ms;
    },
    /** Rejects where a worker ends that was not killed. */
    broken: broken.promise,
    kills: () => kills,
    /** Ends the workers as a deploy would; answers those that should be gone and are not. */
    async stop(): Promise<number[]> {
      stopping = true;
      for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGTERM");
      await Promise.all(exits);
      over.abort();
      await sweeps;
      return pids.filter(isAlive);
    },
    async close(): Promise<void> {
      stopping = true;
      over.abort();
      for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
      await Promise.all([...exits, sweeps]);
      await Promise.all([api.close(), sqs.close(), bucket.close()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
