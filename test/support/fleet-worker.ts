/** One worker process of a fleet (`fleet.ts`), with a worker for clips and one for plans. Argument: `FleetWorker` as JSON. It ends with its stdin, and on SIGTERM. */

import type { HostRule } from "@smileloop/core/fetch/target.ts";
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import { createLog } from "@smileloop/core/log.ts";
import { createSqsClient, sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createFetcher } from "@smileloop/worker/fetch/fetch-file.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import { fastTime, type Speed } from "./fast-time.ts";
import { clipsHandler, clipsKind } from "./fleet-plan.ts";
import { kindsWith } from "./kinds.ts";
import { marker, unsigned } from "./signing.ts";
import { smile } from "./worker.ts";

export type FleetWorker = {
  s3: { endpoint: string; bucket: string; accessKeyId: string; secretAccessKey: string };
  sqs: { endpoint: string; urls: Record<string, string> };
  time: Speed;
  workRoot: string;
  engine: EngineCommand;
  checker: EngineCommand;
  /** Where inputs by URL may come from, beside public addresses. */
  allow: HostRule[];
};

if (process.argv[2]) await serve(JSON.parse(process.argv[2]) as FleetWorker);

async function serve({ s3, sqs, time, workRoot, engine, checker, allow }: FleetWorker): Promise<void> {
  const region = "us-east-1";
  const { clock } = fastTime(time);
  const { bucket, endpoint, ...credentials } = s3;
  const home = { client: createS3Client({ region, endpoint, credentials }), bucket, clock };
  const queueClient = createSqsClient({ region, endpoint: sqs.endpoint, credentials });
  const presets = new Map([[smile.name, smile]]);
  const shared = {
    records: s3Records(home),
    files: s3Files(home),
    queue: sqsQueue({ client: queueClient, urls: sqs.urls, clock }),
    clock,
    handlers: { ...createHandlers({ presets }), [clipsKind.name]: clipsHandler },
    kinds: kindsWith(presets, ["warp"], undefined, [clipsKind]),
    log: createLog({ level: "info", sync: true }),
    slots: 1,
    signer: unsigned,
    marker,
    times: { progressMs: 4000 },
    fetchFile: createFetcher({ policy: { hosts: allow, places: [] } }),
  };
  const processes = { engineCommand: engine, checkerCommand: checker };
  const workers = [
    createWorker({ ...shared, ...processes, queueName: "warp", workRoot }),
    createWorker({ ...shared, queueName: PLAN_QUEUE, workRoot: `${workRoot}-${PLAN_QUEUE}` }),
  ];
  process.stdin.on("end", () => process.exit(1)).resume();
  process.once("SIGTERM", () => {
    for (const worker of workers) void worker.stop({ graceMs: 60_000 });
  });
  await Promise.all(workers.map((worker) => worker.run()));
  process.exit(0);
}
