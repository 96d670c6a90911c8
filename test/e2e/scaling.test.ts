/** The sweeper as it is deployed, over S3, SQS and Batch on loopback: workers are started when there is work for them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "@smileloop/core/job/ids.ts";
import { createLog } from "@smileloop/core/log.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createAdmission, POKE_QUEUE } from "@smileloop/core/scale/admission.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BatchHome, openBatch } from "../support/batch.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { openSqs, type SqsHome } from "../support/sqs.ts";

const SWEEP = join(import.meta.dirname, "../../functions/sweep.ts");
const QUEUES = ["liveportrait", "liveportrait-bulk", POKE_QUEUE];

let bucket: Awaited<ReturnType<typeof openBucket>>;
let sqs: SqsHome;
let batch: BatchHome;
beforeEach(async () => {
  bucket = await openBucket();
  [sqs, batch] = await Promise.all([openSqs(QUEUES), openBatch(bucket)]);
});
afterEach(async () => {
  await Promise.all([bucket.close(), sqs.close(), batch.close()]);
});

/** Calls the handler in a process of its own; answers its reply and the events that it logged. */
async function sweep(event: object): Promise<{ reply: unknown; logged: Record<string, unknown>[] }> {
  const script = `const { handler } = await import(${JSON.stringify(SWEEP)});
    console.log(JSON.stringify(await handler(${JSON.stringify(event)}))); process.exit();`;
  const env = {
    ...{ PATH: process.env.PATH, AWS_ACCESS_KEY_ID: ADMIN.accessKeyId, AWS_SECRET_ACCESS_KEY: ADMIN.secretAccessKey },
    ...{ BUCKET: bucket.bucket, S3_ENDPOINT: bucket.double.endpoint, SQS_ENDPOINT: sqs.endpoint },
    QUEUES: QUEUES.map((name) => `${name}=${sqs.endpoint}/000000000000/${name}`).join(),
    ...{ BATCH_ENDPOINT: batch.endpoint, BATCH_QUEUES: "liveportrait=gpu-spot+gpu-ondemand" },
    ...{ BATCH_JOB_DEFINITION: "liveportrait=worker", ENGINES: "animate=liveportrait" },
  };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env,
  });
  const logged = stderr.split("\n").filter((line) => line.startsWith("{"));
  return { reply: JSON.parse(stdout), logged: logged.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("a job pokes the sweeper, which starts a worker; the next minute starts no other", async () => {
  const { clock } = bucket;
  const queue = sqsQueue({ ...sqs, clock });
  const [records, log] = [s3Records(bucket), createLog({ level: "silent" })];
  const launched = new Set(["liveportrait"]);
  const admission = createAdmission({ records, queue, clock, log, queues: new Set(QUEUES), launched });
  const owner = "ann";
  const job = { queue: await admission.queueFor({ owner, queue: "liveportrait" }), owner, id: newId(clock.now()) };
  await queue.send(job);
  await admission.arrived(job);

  const poke = (await sqs.take(POKE_QUEUE, 90))!;
  const { reply, logged } = await sweep({ Records: [{ ...poke, messageId: "m1" }] });
  expect(reply).toEqual({ batchItemFailures: [] });
  expect(logged.map(({ event }) => event)).toEqual(["scaled"]);
  expect(batch.jobs).toMatchObject([
    {
      ...{ jobName: "smileloop-liveportrait", jobQueue: "gpu-spot", jobDefinition: "worker" },
      environment: { QUEUE: "liveportrait", CAPACITY: "spot" },
    },
  ]);

  const minutes = await Promise.all([sweep({ "detail-type": "Scheduled Event" }), sweep({})]);
  const events = minutes.flatMap((minute) => minute.logged.map(({ event }) => event));
  expect(events.filter((event) => event === "swept").length).toBeGreaterThan(0);
  expect(events).toHaveLength(4);
  expect(batch.jobs).toHaveLength(1);
});
