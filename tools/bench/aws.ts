/**
 * `npm run bench:aws [-- --only <part>[,<part>]]`: what a job costs in calls to S3 and SQS, and how fast the API and a worker
 * are over them, against doubles on loopback. Counts are exact and go to `aws-calls.json`; times are this machine's. Prints a
 * table and writes `out/bench-aws.json`.
 */
import { batch } from "./aws-batch.ts";
import { calls } from "./aws-counts.ts";
import { accept, overhead } from "./aws-server.ts";
import { sweep } from "./aws-sweep.ts";
import { runBench } from "./run.ts";

await runBench("bench-aws", [calls, batch, sweep, overhead, accept]);
