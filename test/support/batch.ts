/**
 * AWS Batch on loopback, as far as starting workers needs it: jobs go SUBMITTED → RUNNABLE → STARTING → RUNNING → SUCCEEDED by
 * plan. Paths and members are those of the service's REST protocol; what it does not know is answered 404.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createBatchClient } from "@smileloop/core/launcher/batch.ts";

const STATUSES = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"] as const;
export type BatchStatus = (typeof STATUSES)[number];

export type BatchJob = {
  jobId: string;
  jobName: string;
  jobQueue: string;
  jobDefinition: string;
  status: BatchStatus;
  statusReason?: string;
  createdAt: number;
  environment: Record<string, string>;
};

export type BatchHome = Awaited<ReturnType<typeof openBatch>>;

const PAGE = 2;

export async function openBatch({ clock }: { clock: { now(): number } }) {
  const jobs: BatchJob[] = [];
  const calls: string[] = [];
  /** How many calls are answered with 500. */
  let failing = 0;

  const answers: Record<string, (body: Record<string, unknown>) => [number, object]> = {
    "/v1/submitjob": (body) => {
      const overrides = body.containerOverrides as { environment?: { name: string; value: string }[] } | undefined;
      const job: BatchJob = {
        jobId: `job-${jobs.length + 1}`,
        jobName: String(body.jobName),
        jobQueue: String(body.jobQueue),
        jobDefinition: String(body.jobDefinition),
        status: "SUBMITTED",
        createdAt: clock.now(),
        environment: Object.fromEntries((overrides?.environment ?? []).map(({ name, value }) => [name, value])),
      };
      if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(job.jobName)) return refused("jobName");
      jobs.push(job);
      return [200, { jobId: job.jobId, jobName: job.jobName }];
    },
    "/v1/listjobs": ({ jobQueue, jobStatus = "RUNNING", nextToken }) => {
      if (!STATUSES.includes(jobStatus as BatchStatus)) return refused("jobStatus");
      const from = Number(nextToken ?? 0);
      const found = jobs.filter((job) => job.jobQueue === jobQueue && job.status === jobStatus);
      const jobSummaryList = found
        .slice(from, from + PAGE)
        .map(({ jobId, jobName, status, createdAt }) => ({ jobId, jobName, status, createdAt }));
      return [200, { jobSummaryList, ...(found.length > from + PAGE ? { nextToken: String(from + PAGE) } : {}) }];
    },
    // as the service has it: no error, and no effect on what has started
    "/v1/canceljob": ({ jobId, reason }) => {
      const job = jobs.find((each) => each.jobId === jobId);
      if (job && ["SUBMITTED", "PENDING", "RUNNABLE"].includes(job.status)) end(job, "FAILED", String(reason));
      return [200, {}];
    },
  };

  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readJson(request);
    const path = request.url ?? "";
    const answer = request.method === "POST" ? answers[path] : undefined;
    calls.push(path.slice("/v1/".length));
    if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) return send(response, 403, {});
    if (failing > 0) {
      failing--;
      return send(response, 500, { message: "by plan" });
    }
    const [status, reply] = answer ? answer(body) : ([404, { message: path }] as const);
    send(response, status, reply);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "AKIDBATCH", secretAccessKey: "secret" };
  const client = createBatchClient({ region: "us-east-1", endpoint, credentials });

  return {
    client,
    endpoint,
    jobs,
    /** The actions that were called, such as `listjobs`. */
    calls,
    move(jobId: string, status: BatchStatus) {
      const job = jobs.find((each) => each.jobId === jobId);
      if (!job) throw new Error(`There is no job ${jobId}.`);
      job.status = status;
    },
    fail(count: number) {
      failing = count;
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function end(job: BatchJob, status: BatchStatus, reason: string): void {
  job.status = status;
  job.statusReason = reason;
}

function refused(member: string): [number, object] {
  return [400, { __type: "ClientException", message: `${member} is not valid` }];
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}
