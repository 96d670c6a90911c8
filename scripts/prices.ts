/**
 * What things cost, in dollars, without any free tier, taxes or discounts: us-east-1. `list`: AWS's list price as it
 * was known when this was written, not looked up anew: look there before you rely on it. `seen`: what others reported.
 */
export type Price = { usd: number; per: string; from: "list" | "seen"; of: string };

export const PRICES = {
  s3Write: { usd: 0.005, per: "1,000 PUT, COPY, POST or LIST", from: "list", of: "aws.amazon.com/s3/pricing" },
  s3Read: { usd: 0.0004, per: "1,000 GET", from: "list", of: "aws.amazon.com/s3/pricing" },
  sqs: { usd: 0.4, per: "1,000,000 requests", from: "list", of: "aws.amazon.com/sqs/pricing" },
  // jobs' messages carry their owner as the group, so that SQS is fair to owners
  sqsFair: {
    usd: 0.1,
    per: "1,000,000 requests more, for messages with a group (fair queues)",
    from: "list",
    of: "aws.amazon.com/sqs/pricing",
  },
  lambdaRequest: { usd: 0.2, per: "1,000,000 requests", from: "list", of: "aws.amazon.com/lambda/pricing" },
  lambdaTime: { usd: 0.0000166667, per: "GB-second, x86", from: "list", of: "aws.amazon.com/lambda/pricing" },
  transfer: { usd: 0.09, per: "GB to the internet", from: "list", of: "aws.amazon.com/ec2/pricing" },
  logs: { usd: 0.5, per: "GB of logs", from: "list", of: "aws.amazon.com/cloudwatch/pricing" },
  alarm: { usd: 0.1, per: "alarm and month", from: "list", of: "aws.amazon.com/cloudwatch/pricing" },
  dashboard: { usd: 3, per: "dashboard and month", from: "list", of: "aws.amazon.com/cloudwatch/pricing" },
  disk: { usd: 0.08, per: "GB and month, gp3", from: "list", of: "aws.amazon.com/ebs/pricing" },
  diskSpeed: { usd: 0.04, per: "MiB/s over 125 and month, gp3", from: "list", of: "aws.amazon.com/ebs/pricing" },
  address: { usd: 0.005, per: "public IPv4 address and hour", from: "list", of: "aws.amazon.com/vpc/pricing" },
  g6OnDemand: { usd: 0.805, per: "hour of g6.xlarge, On-Demand", from: "list", of: "aws.amazon.com/ec2/pricing" },
  g6Spot: {
    usd: 0.4,
    per: "hour of g6.xlarge, Spot",
    from: "seen",
    of: "$0.32 in us-west-2 in 2026; half of On-Demand",
  },
} as const satisfies Record<string, Price>;

/** What was not counted but taken to be so. */
export const ASSUMED = {
  clipsPerStart: { value: 20, says: "clips of each start of the warp worker" },
  /** A name in a video of 8 s took 0.5 s of one processor here, said, put in and checked, by an engine that was up. */
  insertSeconds: { value: 1.5, says: "seconds of the warp worker per recipient of a batch, cold starts included" },
  /** Of a processor here: 1 ms of 5,000 that are planned, 7 s of a GB that is copied; each end is a look at the storage. */
  planSeconds: {
    value: 0.3,
    says: "seconds of the plans worker per recipient: its job is made, its end counted, its file copied",
  },
  apiSeconds: { value: 0.15, says: "seconds of the API per request, cold starts included" },
  sweepSeconds: { value: 0.3, says: "seconds of the sweeper per minute" },
  apiRequests: { value: 3, says: "requests per clip: upload link, job, one poll; the bytes go past the API" },
  logKilobytes: { value: 6, says: "KB of logs per clip" },
  sweepLogKilobytes: { value: 0.5, says: "KB of logs per sweep" },
  pollsPerMinute: {
    value: 15,
    says: "looks per minute of Lambda's event source into each queue: five at a time, 20 s each",
  },
  gpuSeconds: { value: 5, says: "seconds of the GPU worker per clip, warm" },
  gpuStartMinutes: { value: 6, says: "minutes from nothing to the first frame, paid" },
  minutesPerMonth: { value: 43_800, says: "minutes of a month" },
} as const satisfies Record<string, { value: number; says: string }>;
