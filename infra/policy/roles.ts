/**
 * What each role may do, written out. SST's `link` would grant `s3:*` and `sqs:*`; nothing here is linked.
 *
 * `s3:ListBucket` is more than listing: without it a missing key is 403 and not 404, and every look at a job that is gone would
 * be an error. S3 is said to take the key that was asked for as `s3:prefix` when it decides between the two; that cannot be
 * tried without an account, so that the condition lets through requests that have no prefix (`IfExists`). It bounds what is
 * listed by ours and reads nothing; `npm run smoke` asks for a missing job first of all.
 */

export type Statement = {
  actions: string[];
  resources: string[];
  conditions?: { test: string; variable: string; values: string[] }[];
};

/** ARNs, except where it says otherwise. */
export type Bucket = { bucket: string };
type BatchArns = {
  /** Without revisions. */
  jobDefinitions: string[];
  jobQueues: string[];
  /** `arn:aws:batch:<region>:<account>:job/*`: jobs get their names when they are submitted. */
  jobs: string;
};

/** As event sources and pollers need it. */
const RECEIVE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"];
/** A timer is only a name: nobody reads one. */
const TIMERS = ["s3:PutObject", "s3:DeleteObject"];
const READ_WRITE = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
/** Of files that are too large for one request: beginning, sending and completing them is `PutObject`, giving them up is not. */
const GIVE_UP = "s3:AbortMultipartUpload";

function objects(bucket: string, actions: string[], prefixes: string[]): Statement {
  return { actions, resources: prefixes.map((prefix) => `${bucket}/${prefix}*`) };
}

function listing(bucket: string, prefixes: string[]): Statement {
  const values = prefixes.map((prefix) => `${prefix}*`);
  return {
    actions: ["s3:ListBucket"],
    resources: [bucket],
    conditions: [{ test: "StringLikeIfExists", variable: "s3:prefix", values }],
  };
}

/** Lambda's own needs; `logGroup` without the streams. */
export function logStatements(logGroup: string): Statement[] {
  return [{ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${logGroup}:*`] }];
}

/** Uploads are signed with this role, which is why it may put them; it looks at them, copies them, and drops those it refuses. */
export function apiStatements({
  bucket,
  queues,
  inspects,
}: Bucket & {
  queues: string[];
  /** The function that looks at pictures, by its ARN. */
  inspects: string | null;
}): Statement[] {
  return [
    objects(bucket, [...READ_WRITE, GIVE_UP], ["jobs/", "uploads/"]),
    objects(bucket, TIMERS, ["due/"]),
    objects(bucket, READ_WRITE, ["idempotency/"]),
    objects(bucket, ["s3:GetObject", "s3:PutObject"], ["payments/"]),
    objects(bucket, ["s3:GetObject"], ["assets/", "locks/"]),
    objects(bucket, ["s3:DeleteObject"], ["cache/"]),
    ...auditStatements(bucket),
    objects(bucket, READ_WRITE, ["owners/", "takedowns/", "blocked/"]),
    // timers are listed for the operator's view alone
    listing(bucket, [
      ...["jobs/", "uploads/", "cache/", "due/", "idempotency/", "payments/", "assets/", "locks/"],
      ...["audit/", "owners/", "takedowns/", "blocked/"],
    ]),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: queues },
    ...(inspects ? [{ actions: ["lambda:InvokeFunction"], resources: [inspects] }] : []),
  ];
}

/** With `batch` it starts workers, and takes back those that found no machine; with `poke` it is called by messages. */
export function sweepStatements(
  arns: Bucket & { queues: string[]; poke: string | null; batch: BatchArns | null },
): Statement[] {
  const { bucket, queues, poke, batch } = arns;
  return [
    objects(bucket, READ_WRITE, ["jobs/"]),
    objects(bucket, TIMERS, ["due/"]),
    objects(bucket, ["s3:GetObject", "s3:PutObject"], ["locks/", "payments/"]),
    objects(bucket, ["s3:DeleteObject"], ["uploads/", "cache/", "audit/", "owners/"]),
    objects(bucket, READ_WRITE, ["takedowns/", "blocked/"]),
    ...auditStatements(bucket),
    listing(bucket, [
      "jobs/",
      "uploads/",
      "cache/",
      "due/",
      "locks/",
      "payments/",
      "audit/",
      "owners/",
      "takedowns/",
      "blocked/",
    ]),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: queues },
    ...(poke ? [{ actions: RECEIVE, resources: [poke] }] : []),
    ...(batch ? batchStatements(batch) : []),
  ];
}

function batchStatements({ jobDefinitions, jobQueues, jobs }: BatchArns): Statement[] {
  const revisions = jobDefinitions.flatMap((arn) => [arn, `${arn}:*`]);
  return [
    { actions: ["batch:SubmitJob"], resources: [...revisions, ...jobQueues] },
    { actions: ["batch:CancelJob"], resources: [jobs] },
    // knows no resources (Service Authorization Reference, AWS Batch)
    { actions: ["batch:ListJobs"], resources: ["*"] },
  ];
}

/** Who writes lines of the audit reads them, too, to find the last, and notes how far they go. Nobody but the sweeper takes any away. */
function auditStatements(bucket: string): Statement[] {
  return [objects(bucket, ["s3:GetObject", "s3:PutObject"], ["audit/", "locks/audit-"])];
}

/**
 * Of a worker on Lambda or Batch: its own queues, jobs, whose inputs were copied there, and what they keep for others. It sends jobs to its
 * own queues that somebody has to look at later, and to that of plans the roots of those that have ended.
 */
export function workerStatements({ bucket, queues, plans }: Bucket & { queues: string[]; plans: string }): Statement[] {
  return [
    objects(bucket, [...READ_WRITE, GIVE_UP], ["jobs/"]),
    objects(bucket, ["s3:GetObject", "s3:PutObject", GIVE_UP], ["cache/"]),
    ...auditStatements(bucket),
    objects(bucket, ["s3:GetObject", "s3:PutObject"], ["owners/"]),
    objects(bucket, ["s3:GetObject"], ["blocked/"]),
    listing(bucket, ["jobs/", "cache/", "audit/", "owners/", "blocked/", "locks/audit-"]),
    { actions: RECEIVE, resources: queues },
    { actions: ["sqs:SendMessage"], resources: [...new Set([...queues, plans])] },
  ];
}

/** For functions that may end a job with a webhook: its queue, null where there are none. */
export function eventStatements(queue: string | null): Statement[] {
  return queue === null ? [] : [{ actions: ["sqs:SendMessage"], resources: [queue] }];
}

/** Of the function that sends events: it reads and writes records, receives messages, and sends those of later tries. */
export function webhookStatements({ bucket, queue }: Bucket & { queue: string }): Statement[] {
  return [
    objects(bucket, ["s3:GetObject", "s3:PutObject"], ["jobs/"]),
    listing(bucket, ["jobs/"]),
    { actions: [...RECEIVE, "sqs:SendMessage"], resources: [queue] },
  ];
}

/** For the worker that runs plans, beside those of every worker: it creates jobs, each with its timer, for all engines. `queues`: of jobs. */
export function planStatements({ bucket, queues }: Bucket & { queues: string[] }): Statement[] {
  return [objects(bucket, TIMERS, ["due/"]), { actions: ["sqs:SendMessage"], resources: queues }];
}

/** For the function that looks at pictures, which no job has copied yet. */
export function inspectStatements({ bucket }: Bucket): Statement[] {
  return [objects(bucket, ["s3:GetObject"], ["uploads/"]), listing(bucket, ["uploads/"])];
}

/** For workers that are started on demand: the note that permits them to exit (core/scale/surplus.ts). */
export function leaveStatements({ bucket }: Bucket): Statement[] {
  return [
    objects(bucket, ["s3:GetObject", "s3:PutObject"], ["locks/surplus-"]),
    // a note that is not there yet is 404, too
    listing(bucket, ["locks/surplus-"]),
  ];
}

/** Denies every request without TLS. */
export function bucketPolicy(bucket: string): string {
  return document([
    {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucket, `${bucket}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

/** Alarms and budgets of this account may publish. */
export function topicPolicy(topic: string, account: string): string {
  return document([
    {
      Effect: "Allow",
      Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
      Action: "sns:Publish",
      Resource: topic,
      Condition: { StringEquals: { "aws:SourceAccount": account } },
    },
  ]);
}

/** Who may take a role. */
export function trustPolicy(service: "lambda.amazonaws.com" | "ec2.amazonaws.com" | "ecs-tasks.amazonaws.com"): string {
  return document([{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }]);
}

/** Statements as IAM takes them. */
export function policyDocument(statements: Statement[]): string {
  return document(
    statements.map(({ actions, resources, conditions }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      ...(conditions ? { Condition: conditionsOf(conditions) } : {}),
    })),
  );
}

function conditionsOf(conditions: NonNullable<Statement["conditions"]>) {
  return Object.fromEntries(conditions.map(({ test, variable, values }) => [test, { [variable]: values }]));
}

function document(Statement: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
