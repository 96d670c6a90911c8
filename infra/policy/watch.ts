/** What is watched: alarms, each with what to do about it (docs/deploy.md has the same names), the dashboard, the budget. */
import { FUNCTIONS, nameOf, QUEUE, type QueueName, type Stage } from "../policy.ts";
import type { Settings } from "./settings.ts";

/** `expect`: what is well; the alarm goes off where it is not so for `evaluations` periods. */
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

/** How old the oldest message may grow: the longest clip on Lambda and a half; a cold start of a GPU and half an hour of work. */
const OLDEST_S: Record<QueueName, number> = {
  warp: QUEUE.visibilityS.warp * 1.5,
  liveportrait: 40 * 60,
  poke: 10 * 60,
  // who makes many at once waits for them
  "warp-bulk": 3 * 60 * 60,
  "liveportrait-bulk": 3 * 60 * 60,
};

export const DEAD_LETTERS = "dead-letters";

export function queueName(stage: Stage, queue: QueueName | typeof DEAD_LETTERS): string {
  return nameOf(stage, queue);
}

export function alarms(stage: Stage, queues: QueueName[]): Alarm[] {
  return [...queues.map((queue) => waits(stage, queue)), deadLetters(stage), ...functionAlarms(stage)];
}

function waits(stage: Stage, queue: QueueName): Alarm {
  return {
    what: `${queue}-waits`,
    description: `Messages wait too long in ${queue}. See errors and throttles of who receives them, then the limits.`,
    ...sqs(queueName(stage, queue), "ApproximateAgeOfOldestMessage"),
    statistic: "Maximum",
    evaluationPeriods: 5,
    threshold: OLDEST_S[queue],
    comparisonOperator: "GreaterThanThreshold",
  };
}

function deadLetters(stage: Stage): Alarm {
  return {
    what: DEAD_LETTERS,
    description: "Messages that cannot be read were set aside. No job is lost; read one to see who sends them.",
    ...sqs(queueName(stage, DEAD_LETTERS), "ApproximateNumberOfMessagesVisible"),
    statistic: "Maximum",
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
  };
}

function functionAlarms(stage: Stage): Alarm[] {
  const few = "GreaterThanOrEqualToThreshold" as const;
  return [
    {
      what: "api-errors",
      description: "The API answered 5xx five times in 5 minutes. Its log has the requests (status 500 to 599).",
      ...lambda(stage, "api", "Url5xxCount"),
      threshold: 5,
      comparisonOperator: few,
    },
    {
      what: "throttles",
      description: "The API was refused for want of concurrency. Ask AWS for more, or lower WARP_CONCURRENCY.",
      ...lambda(stage, "api", "Throttles"),
      threshold: 1,
      comparisonOperator: few,
    },
    {
      what: "sweep-errors",
      description: "The sweeper failed. Until it works, results are refused after their hour, but not taken away.",
      ...lambda(stage, "sweep", "Errors"),
      threshold: 3,
      comparisonOperator: few,
    },
    {
      what: "sweep-stopped",
      description: "The sweeper was not called for 10 minutes. See that its rule is enabled and may call it.",
      ...lambda(stage, "sweep", "Invocations"),
      evaluationPeriods: 2,
      threshold: 1,
      comparisonOperator: "LessThanThreshold",
      treatMissingData: "breaching",
    },
    {
      what: "warp-errors",
      description: "The warp worker crashed or ran out of time or memory. Jobs are tried again; its log says why.",
      ...lambda(stage, "warp", "Errors"),
      threshold: 3,
      comparisonOperator: few,
    },
  ];
}

/** SQS counts once a minute, and says nothing of queues that nobody used for hours. */
function sqs(QueueName: string, metricName: string) {
  const dimensions = { QueueName };
  return { namespace: "AWS/SQS", metricName, dimensions, period: 60, treatMissingData: "notBreaching" as const };
}

function lambda(stage: Stage, name: keyof typeof FUNCTIONS, metricName: string) {
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
export function dashboard(stage: Stage, queues: QueueName[], region: string): string {
  const names = Object.keys(FUNCTIONS).map((name) => nameOf(stage, name));
  const all = [...queues, DEAD_LETTERS] as const;
  const ofQueues = (metric: string) => all.map((queue) => ["AWS/SQS", metric, "QueueName", queueName(stage, queue)]);
  const ofFunctions = (metric: string) => names.map((name) => ["AWS/Lambda", metric, "FunctionName", name]);
  const api = (metric: string) => ["AWS/Lambda", metric, "FunctionName", nameOf(stage, "api")];
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
