/**
 * Figures for Prometheus. Nothing else knows of its client: what happens is told by the API (`onReply`) and by workers (`onLost`),
 * or seen at the ports of the home (`watched-home.ts`). No label has a value that a client chooses: neither paths nor owners.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiDeps } from "@smileloop/api/deps.ts";
import type { Figure } from "@smileloop/api/operator/observed.ts";
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { SlotOptions } from "@smileloop/worker/slots.ts";
import type { Registry } from "prom-client";
import { isLoopback, type Listening, listen } from "./listen.ts";
import type { HomeEvents } from "./watched-home.ts";

export type Metrics = HomeEvents & {
  onReply: NonNullable<ApiDeps["onReply"]>;
  onLost: NonNullable<SlotOptions["onLost"]>;
  /** Looked at for each answer. */
  observe(service: Observed): void;
  read: NonNullable<ApiDeps["metrics"]>;
  /** Some of them as numbers, for the operator's view. */
  figures(): Promise<Figure[]>;
};

type Address = { host: string; port: number };
type Observed = Pick<ApiDeps, "queue" | "kinds"> & { ready: () => boolean | Promise<boolean> };

/** Stages of a job take from some milliseconds to minutes. */
const STAGE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Engines name their stages; a faulty one does not fill the memory. */
const MAX_STAGES = 50;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);

/** Where a server offers its figures. By default only to this machine: behind a proxy (PUBLIC_URL) `/metrics` would be public. */
export function placeOfServer(env: Pick<Env, "METRICS" | "HOST" | "PUBLIC_URL">) {
  const { METRICS: place = isLoopback(env.HOST) && env.PUBLIC_URL === undefined ? "on" : "off" } = env;
  return place;
}

/** Where a standalone worker offers its figures; null: nowhere. Throws EnvError. */
export function placeOfWorker({ METRICS: place = "off" }: Pick<Env, "METRICS">) {
  if (place !== "on") return place === "off" ? null : place;
  throw new EnvError(
    "METRICS=1: a worker does not listen for requests. Set a port, such as 9464, or an address with one",
  );
}

/** Loads Prometheus' client, which costs processes without metrics nothing. */
export async function createMetrics(version: string): Promise<Metrics> {
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import("prom-client");
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `smileloop_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: `smileloop_${name}`, help, labelNames, buckets, registers });
  const gauge = (name: string, help: string, labelNames: string[] = [], collect?: () => Promise<void>) =>
    new Gauge({ name: `smileloop_${name}`, help, labelNames, registers, ...(collect ? { collect } : {}) });

  gauge("build_info", "The version that runs", ["version"]).set({ version }, 1);
  const jobs = counter("jobs_total", "Jobs that this process has brought into a state", ["kind", "state"]);
  const failures = counter("job_failures_total", "Jobs that this process saw fail for good", ["kind", "code"]);
  const stages = histogram("job_stage_seconds", "Time per stage of succeeded jobs", ["kind", "stage"], STAGE_SECONDS);
  const lost = counter("engine_restarts_total", "Engine processes that were lost and replaced", [
    ...["queue", "process", "reason"],
  ]);
  const storage = counter("storage_errors_total", "Calls of the storage or the queue that failed", ["port", "code"]);
  const requestLabels = ["route", "method", "status"];
  const requests = histogram(
    ...(["http_request_duration_seconds", "Time until the reply's headers", requestLabels, REQUEST_SECONDS] as const),
  );
  const stageNames = new Set<string>();
  const known = (stage: string) => {
    if (stageNames.size < MAX_STAGES) stageNames.add(stage);
    return stageNames.has(stage) ? stage : "other";
  };

  return {
    onReply: ({ route, method, status, seconds }) =>
      requests.observe({ route, method: METHODS.has(method) ? method : "other", status: String(status) }, seconds),
    onLost: ({ queue, process, why: reason }) => lost.inc({ queue, process, reason }),
    onStorageError: (port, code) => storage.inc({ port, code }),
    onJob: (record, state) => {
      const { kind } = record;
      jobs.inc({ kind, state });
      if (state === "failed") failures.inc({ kind, code: record.error?.code ?? "unknown" });
      if (state !== "succeeded") return;
      for (const [stage, ms] of Object.entries(record.timings)) {
        stages.observe({ kind, stage: known(stage) }, ms / 1000);
      }
    },
    observe: (service) => observe(gauge, service),
    read: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    figures: async () => (await Promise.all(FIGURES.map((wanted) => figuresOf(registry, wanted)))).flat(),
  };
}

/** `part`: of a histogram. `label`: what is told apart; the rest is summed. */
type Wanted = { metric: string; part?: "count" | "sum"; label?: string };
const FIGURES: readonly Wanted[] = [
  { metric: "smileloop_jobs_total", label: "state" },
  { metric: "smileloop_engine_restarts_total" },
  { metric: "smileloop_storage_errors_total" },
  { metric: "smileloop_http_request_duration_seconds", part: "count" },
  { metric: "smileloop_http_request_duration_seconds", part: "sum" },
  { metric: "process_resident_memory_bytes" },
  // to ask for this one is what brings the next up to date
  { metric: "process_cpu_user_seconds_total" },
  { metric: "process_cpu_seconds_total" },
];

async function figuresOf(registry: Registry, { metric, part, label }: Wanted): Promise<Figure[]> {
  const found = registry.getSingleMetric(metric);
  if (!found) return [];
  const name = part === undefined ? metric : `${metric}_${part}`;
  const { values } = (await found.get()) as { values: Sample[] };
  const counted = values.filter((sample) => part === undefined || sample.metricName === name);
  const sums = new Map<string | null, number>(label === undefined ? [[null, 0]] : []);
  for (const { value, labels } of counted) {
    const key = label === undefined ? null : String(labels[label]);
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return [...sums].map(([key, value]) => ({ name, label: key, value }));
}

type Sample = { value: number; labels: Record<string, string | number | undefined>; metricName?: string };

type MakeGauge = (
  name: string,
  help: string,
  labelNames?: string[],
  collect?: (this: { set(labels: Record<string, string>, value: number): void; reset(): void }) => Promise<void>,
) => unknown;

function observe(gauge: MakeGauge, { queue, kinds, ready }: Observed): void {
  const queues = [...new Set([...kinds.values()].flatMap((kind) => kind.queues))];
  const each = (ask: (name: string) => Promise<number | null>) =>
    async function (this: { set(labels: Record<string, string>, value: number): void; reset(): void }) {
      this.reset();
      for (const name of queues) {
        // what can't be told is left out, and the rest is told all the same
        const value = await ask(name).catch(() => null);
        if (value !== null) this.set({ queue: name }, value);
      }
    };
  const depth = (of: "waiting" | "held") => each(async (name) => (await queue.depth(name))[of]);
  gauge("queue_depth", "Messages that wait", ["queue"], depth("waiting"));
  gauge("queue_held", "Messages that a worker has", ["queue"], depth("held"));
  const oldest = each(async (name) => {
    const ms = await queue.oldestMs(name);
    return ms === null ? ((await queue.depth(name)).waiting === 0 ? 0 : null) : ms / 1000;
  });
  gauge("queue_oldest_seconds", "How long the message that has waited longest waits", ["queue"], oldest);
  gauge("ready", "Whether work can be taken, as /ready says", [], async function () {
    this.set({}, (await ready()) ? 1 : 0);
  });
}

/** A listener for nothing but `/metrics`. Throws StartError. */
export function listenForMetrics({ read }: Pick<Metrics, "read">, { host, port }: Address): Promise<Listening> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== "/metrics") return void response.writeHead(404).end("The figures are at /metrics.\n");
    const { type, text } = await read();
    response.writeHead(200, { "Content-Type": type }).end(request.method === "HEAD" ? "" : text);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response).catch(() => response.writeHead(500).end());
  return listen(listener, host, port, "METRICS");
}

/** `url`: where they are read. */
export type ServedMetrics = Metrics & { url: string; close(): Promise<void> };

/** Those of a process that serves nothing else. Throws StartError. */
export async function serveMetrics(version: string, place: Address): Promise<ServedMetrics> {
  const metrics = await createMetrics(version);
  const { url, close } = await listenForMetrics(metrics, place);
  return { ...metrics, url: `${url}/metrics`, close: () => close(0) };
}
