/**
 * Workers as jobs of AWS Batch: a queue of ours has a Batch queue on Spot and one On-Demand, and a job definition. A Batch job
 * is named after our queue, is told it as QUEUE and what it runs on as CAPACITY, and ends when the worker does. It is tried
 * once: the sweeper, which counts the workers, replaces what is lost.
 */
import {
  BatchClient,
  CancelJobCommand,
  type JobStatus,
  ListJobsCommand,
  type ListJobsCommandOutput,
  SubmitJobCommand,
} from "@aws-sdk/client-batch";
import { AppError } from "../errors.ts";
import type { Capacity, LaunchedWorker, Launcher } from "../launcher.ts";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";

/** Names or ARNs. */
export type BatchTarget = { spot: string; onDemand: string; jobDefinition: string };

/** ListJobs answers one status at a time. RUNNABLE waits for a machine, and so does what comes before it. */
const STATES = {
  SUBMITTED: "waiting",
  PENDING: "waiting",
  RUNNABLE: "waiting",
  STARTING: "starting",
  RUNNING: "running",
} as const satisfies Partial<Record<JobStatus, LaunchedWorker["state"]>>;

export function createBatchClient(options: AwsClientOptions): BatchClient {
  return new BatchClient({
    ...awsClientConfig(options),
    requestHandler: { connectionTimeout: 3000, socketTimeout: 10_000 },
  });
}

/** `targets`: by the name of our queue. */
export function batchLauncher(options: { client: BatchClient; targets: Record<string, BatchTarget> }): Launcher {
  const { client, targets } = options;
  const targetOf = (queue: string): BatchTarget => {
    const target = Object.hasOwn(targets, queue) ? targets[queue] : undefined;
    if (!target) throw new AppError("internal", `No workers are started for the queue '${queue}'.`);
    return target;
  };
  const list = async (queue: string, capacity: Capacity, status: keyof typeof STATES): Promise<LaunchedWorker[]> => {
    const jobQueue = batchQueue(targetOf(queue), capacity);
    const found: LaunchedWorker[] = [];
    let nextToken: string | undefined;
    do {
      const command = new ListJobsCommand({ jobQueue, jobStatus: status, ...(nextToken ? { nextToken } : {}) });
      const page: ListJobsCommandOutput = await client.send(command);
      for (const { jobId, jobName, createdAt = 0 } of page.jobSummaryList ?? []) {
        if (jobId === undefined || jobName !== nameOf(queue)) continue;
        found.push({ id: jobId, capacity, state: STATES[status], askedMs: createdAt });
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return found;
  };

  return {
    queues: Object.keys(targets),

    workers: (queue) =>
      translated(async () => {
        const found = new Map<string, LaunchedWorker>();
        // in the order of their lives, so that one that moves on meanwhile is seen twice and not never
        for (const status of Object.keys(STATES) as (keyof typeof STATES)[]) {
          const lists = await Promise.all([list(queue, "spot", status), list(queue, "on_demand", status)]);
          for (const worker of lists.flat()) found.set(worker.id, worker);
        }
        return [...found.values()];
      }),

    start: (queue, capacity, count) =>
      translated(async () => {
        const target = targetOf(queue);
        for (let started = 0; started < count; started++) {
          await client.send(
            new SubmitJobCommand({
              jobName: nameOf(queue),
              jobQueue: batchQueue(target, capacity),
              jobDefinition: target.jobDefinition,
              containerOverrides: {
                environment: [
                  { name: "QUEUE", value: queue },
                  { name: "CAPACITY", value: capacity },
                ],
              },
            }),
          );
        }
      }),

    // CancelJob leaves alone what has started; TerminateJob would stop it
    cancel: ({ id }, reason) =>
      translated(async () => void (await client.send(new CancelJobCommand({ jobId: id, reason })))),
  };
}

function nameOf(queue: string): string {
  return `smileloop-${queue}`;
}

function batchQueue({ spot, onDemand }: BatchTarget, capacity: Capacity): string {
  return capacity === "spot" ? spot : onDemand;
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("unavailable", "The service that starts workers does not answer; try again.", { cause: error });
  }
}
