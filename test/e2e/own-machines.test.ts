/** A server and workers on machines of one's own, over S3 and SQS on loopback: who renders what. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endOf, type Job, postJob, upload } from "../support/client.ts";
import { standInCheckout, standInPython, stillOf } from "../support/liveportrait.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { killed } from "../support/processes.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { runServer, type ServerProcess, startServer } from "../support/server.ts";
import { MARK_KEY, SIGNING_KEY } from "../support/signing.ts";
import { openSqs, type SqsHome } from "../support/sqs.ts";

const WORKER = join(import.meta.dirname, "../../functions/worker.ts");
/** So faint that the still frames of the stand-in are what is due. */
const STILL = { preset: "gentle_smile", duration: 1, fps: 10, intensity: 0, engine: "liveportrait" };

let bucket: Awaited<ReturnType<typeof openBucket>>;
let sqs: SqsHome;
let dir: string;
let env: Record<string, string>;
let server: ServerProcess | null = null;
let worker: ChildProcess | null = null;

beforeEach(async () => {
  [bucket, sqs] = await Promise.all([openBucket({ clock: systemClock }), openSqs(["warp", "liveportrait"])]);
  dir = mkdtempSync(join(tmpdir(), "smileloop-test-"));
  env = {
    ...{ AWS_ACCESS_KEY_ID: ADMIN.accessKeyId, AWS_SECRET_ACCESS_KEY: ADMIN.secretAccessKey },
    ...{ BUCKET: bucket.bucket, S3_ENDPOINT: bucket.double.endpoint, SQS_ENDPOINT: sqs.endpoint },
    QUEUES: ["warp", "liveportrait"].map((name) => `${name}=${sqs.endpoint}/000000000000/${name}`).join(),
    ...{ SPOT_METADATA_URL: "none", WARP_PROCESSES: "1", LOG_LEVEL: "warn", SIGNING_KEY, MARK_KEY },
  };
});
afterEach(async () => {
  if (worker) await killed(worker);
  await server?.stop();
  [worker, server] = [null, null];
  await Promise.all([bucket.close(), sqs.close()]);
  rmSync(dir, { recursive: true });
});

const start = async () => {
  server = await startServer({ env: { ...env, WORK_DIR: join(dir, "work") } });
  return server.url;
};

/** One for the graphics card (a stand-in), elsewhere. */
function startWorker(python: string): void {
  worker = spawn(process.execPath, [WORKER], {
    env: {
      ...{ PATH: process.env.PATH, ...env, WORK_DIR: join(dir, "work"), QUEUE: "liveportrait" },
      ...{ LIVEPORTRAIT_ROOT: standInCheckout(join(dir, "LivePortrait")), LIVEPORTRAIT_PYTHON: python },
    },
    stdio: "inherit",
  });
}

test("the server has no graphics card; a worker elsewhere that has one does such jobs", async () => {
  const url = await start();
  startWorker(standInPython(join(dir, "python"), await stillOf(ASTRONAUT, join(dir, "still.yuv"))));
  const health = await (await fetch(`${url}/health`)).json();
  expect(health).toMatchObject({ liveportrait_found: true, engines: ["liveportrait", "narrator", "warp"] });
  const made = (await (await postJob(url, await upload(url, readFileSync(ASTRONAUT)), STILL)).json()) as Job;
  const job = await endOf(url, made.id);
  expect(job).toMatchObject({ status: "succeeded", engine: { name: "liveportrait" } });
  expect((await fetch(job.outputs.video!.url)).status).toBe(200);
});

test.each([
  [{ BUCKET: "" }, "QUEUES: workers elsewhere also need BUCKET, for records and files"],
  [{ QUEUES: "liveportrait=http://127.0.0.1:1/q" }, "QUEUES: `warp` is missing, the queue of the built-in engine"],
  [{ ENGINES: "animate=magic" }, "ENGINES: there is no engine `magic`. Choose from: warp, liveportrait"],
  [
    { ENGINES: "dance=warp" },
    "ENGINES: there is no kind `dance`. Choose from: animate, previews, talk, lipsync, speak, process_image, process_video, convert, survey, insert",
  ],
])("a server that could not work so does not start: %j", async (more, sentence) => {
  const ended = await runServer({ dataDir: join(dir, "data"), env: { ...env, ...more } });
  expect(ended).toMatchObject({ code: 1, stderr: `smileloop: ${sentence}\n` });
});
