/** What is watched: alarms, each with what to do about it (docs/deploy.md uses the same names), the dashboard, the budget. */
import { API, type FunctionSpec, nameOf, queueSpecs, type Stage, SWEEP, WEBHOOKS, workerFunction } from "../policy.ts";
import { deployed, workersOnLambda } from "./engines.ts";
import type { Settings } from "./settings.ts";

/** An alarm as CloudWatch takes it, except for `what`, which becomes its name. */
export type Alarm = {
  what: string;
  description: string;
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
  statistic: "Maximum" | "Sum";
  period: number;
  evaluationPeriods: number;
  threshold: number;
  comparisonOperator: "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  treatMissingData: "notBreaching" | "breaching";
};

export const DEAD_LETTERS = "dead-letters";

export function alarms(stage: Stage, settings: Settings): Alarm[] {
  return [
    ...queueSpecs(settings).flatMap(({ name, oldestS }) => (oldestS === null ? [] : [waits(stage, name, oldestS)])),
    deadLetters(stage),
    ...serviceAlarms(stage),
    ...sendersOf(settings).map((sender) => senderAlarm(stage, sender)),
    ...workersOnLambda(deployed(settings)).map((worker) => workerAlarm(stage, workerFunction(worker))),
  ];
}

function waits(stage: Stage, name: string, oldestS: number): Alarm {
  return {
    what: `${name}-waits`,
    description: `Messages wait too long in ${name}. See errors and throttles of who receives them, then the limits.`,
    ...sqs(nameOf(stage, name), "ApproximateAgeOfOldestMessage"),
    statistic: "Maximum",
    evaluationPeriods: 5,
    threshold: oldestS,
    comparisonOperator: "GreaterThanThreshold",
  };
}

function deadLetters(stage: Stage): Alarm {
  return {
    what: DEAD_LETTERS,
    description: "Messages that cannot be read were set aside. No job is lost; read one to see who sends them.",
    ...sqs(nameOf(stage, DEAD_LETTERS), "ApproximateNumberOfMessagesVisible"),
    statistic: "Maximum",
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
  };
}

function serviceAlarms(stage: Stage): Alarm[] {
  return [
    {
      what: "api-errors",
      description: "The API answered 5xx five times in 5 minutes. Its log has the requests (status 500 to 599).",
      ...lambda(stage, API, "Url5xxCount"),
      threshold: 5,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
    },
    {
      what: "throttles",
      description:
        "The API was throttled: the account has too little concurrency. Ask AWS for more, or lower the concurrency of the workers.",
      ...lambda(stage, API, "Throttles"),
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
    },
    {
      what: "sweep-errors",
      description: "The sweeper failed. Until it works, results are refused after their hour, but not taken away.",
      ...lambda(stage, SWEEP, "Errors"),
      threshold: 3,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
    },
    {
      what: "sweep-stopped",
      description: "The sweeper was not called for 10 minutes. See that its rule is enabled and may call it.",
      ...lambda(stage, SWEEP, "Invocations"),
      evaluationPeriods: 2,
      threshold: 1,
      comparisonOperator: "LessThanThreshold",
      treatMissingData: "breaching",
    },
  ];
}

function workerAlarm(stage: Stage, worker: FunctionSpec): Alarm {
  return {
    what: `${worker.name}-errors`,
    description: `The ${worker.name} worker crashed or ran out of time or memory. Jobs are tried again; its log says why.`,
    ...lambda(stage, worker, "Errors"),
    threshold: 3,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
  };
}

/** What sends events, where there are webhooks. */
function sendersOf({ webhooks }: Settings): FunctionSpec[] {
  return webhooks ? [WEBHOOKS] : [];
}

function senderAlarm(stage: Stage, sender: FunctionSpec): Alarm {
  return {
    what: `${sender.name}-errors`,
    description:
      "Events could not be sent because of us: crashes, or a storage that is away. What receivers answer does not count.",
    ...lambda(stage, sender, "Errors"),
    threshold: 3,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
  };
}

/** SQS counts once a minute, and says nothing of queues that nobody used for hours. */
function sqs(QueueName: string, metricName: string) {
  const dimensions = { QueueName };
  return { namespace: "AWS/SQS", metricName, dimensions, period: 60, treatMissingData: "notBreaching" as const };
}

function lambda(stage: Stage, { name }: FunctionSpec, metricName: string) {
  return {
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: nameOf(stage, name) },
    statistic: "Sum" as const,
    period: 300,
    evaluationPeriods: 1,
    treatMissingData: "notBreaching" as const,
  };
}

/** The body of the dashboard, as CloudWatch takes it. */
export function dashboard(stage: Stage, settings: Settings, region: string): string {
  const functions = [API, SWEEP, ...sendersOf(settings), ...workersOnLambda(deployed(settings)).map(workerFunction)];
  const names = functions.map(({ name }) => nameOf(stage, name));
  const queues = [...queueSpecs(settings).map(({ name }) => name), DEAD_LETTERS];
  const ofQueues = (metric: string) => queues.map((queue) => ["AWS/SQS", metric, "QueueName", nameOf(stage, queue)]);
  const ofFunctions = (metric: string) => names.map((name) => ["AWS/Lambda", metric, "FunctionName", name]);
  const api = (metric: string) => ["AWS/Lambda", metric, "FunctionName", nameOf(stage, API.name)];
  const charts: [title: string, metrics: string[][], stat: string][] = [
    ["How long the oldest job waits (s)", ofQueues("ApproximateAgeOfOldestMessage"), "Maximum"],
    ["Messages waiting", ofQueues("ApproximateNumberOfMessagesVisible"), "Maximum"],
    ["Messages at work", ofQueues("ApproximateNumberOfMessagesNotVisible"), "Maximum"],
    ["Requests and refusals", ["UrlRequestCount", "Url4xxCount", "Url5xxCount"].map(api), "Sum"],
    ["Time to answer (ms)", [api("UrlRequestLatency")], "p95"],
    ["Calls of functions", ofFunctions("Invocations"), "Sum"],
    ["Errors of functions", ofFunctions("Errors"), "Sum"],
    ["At the same time", ofFunctions("ConcurrentExecutions"), "Maximum"],
    ["Time of functions (ms)", ofFunctions("Duration"), "p95"],
  ];
  const widgets = charts.map(([title, metrics, stat], at) => ({
    type: "metric",
    ...{ x: (at % 3) * 8, y: Math.floor(at / 3) * 6, width: 8, height: 6 },
    properties: { title, metrics, stat, period: 60, region, view: "timeSeries" },
  }));
  return JSON.stringify({ widgets });
}

/** Of the whole account: a budget by tag would need the tag to be activated for billing first. */
export function budget({ budgetUsd }: Settings) {
  return {
    budgetType: "COST",
    timeUnit: "MONTHLY",
    limitAmount: String(budgetUsd),
    limitUnit: "USD",
    /** Per cent of it: what is spent, and what the month will come to. */
    notifications: [
      { notificationType: "ACTUAL", threshold: 80 },
      { notificationType: "FORECASTED", threshold: 100 },
    ].map((one) => ({ ...one, thresholdType: "PERCENTAGE", comparisonOperator: "GREATER_THAN" })),
  } as const;
}
