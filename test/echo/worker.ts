/** A worker of one queue with `echo`, over S3 and SQS, in time that goes faster. Argument: `EchoWorker` as JSON. */
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { createLog } from "@smileloop/core/log.ts";
import { createSqsClient, sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { engineOfQueue } from "../../functions/engines/index.ts";
import { fastTime, type Speed } from "../support/fast-time.ts";
import { marker, unsigned } from "../support/signing.ts";
import { LISTS } from "./lists.ts";

export type EchoWorker = {
  s3: { endpoint: string; bucket: string; accessKeyId: string; secretAccessKey: string };
  sqs: { endpoint: string; urls: Record<string, string> };
  time: Speed;
  workRoot: string;
  queue: string;
};

const { s3, sqs, time, workRoot, queue } = JSON.parse(process.argv[2] ?? "") as EchoWorker;
const region = "us-east-1";
const { clock } = fastTime(time);
const { bucket, endpoint, ...credentials } = s3;
const home = { client: createS3Client({ region, endpoint, credentials }), bucket, clock };
const client = createSqsClient({ region, endpoint: sqs.endpoint, credentials });
const presets = new Map();
const worker = createWorker({
  ...{ records: s3Records(home), files: s3Files(home), queue: sqsQueue({ client, urls: sqs.urls, clock }), clock },
  kinds: createKinds({
    kinds: LISTS.kinds,
    presets,
    engines: { known: LISTS.engines, serve: new Map([["echo", ["echo"]]]) },
  }),
  handlers: createHandlers({ presets }, LISTS.handlers),
  log: createLog({ level: "info", sync: true }),
  signer: unsigned,
  marker,
  workRoot,
  ...(await engineOfQueue({ QUEUE: queue } as Parameters<typeof engineOfQueue>[0], LISTS.engines)),
});
process.stdin.on("end", () => process.exit(1)).resume();
process.once("SIGTERM", () => void worker.stop({ graceMs: 0 }));
await worker.run();
process.exit(0);
