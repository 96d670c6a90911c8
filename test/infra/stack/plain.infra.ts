/** A first deployment: no GPU, and nothing set. */
import { describe, expect, it } from "vitest";
import { API_URL, deploy, MARK_KEY, SEAL_KEY, SIGNING_KEY } from "./deploy.ts";
import { holdsForEveryStack, rightsOf, variablesOf } from "./rules.ts";

const stack = await deploy("production", {});
const WARP = "arn:aws:sqs:us-east-1:123456789012:smileloop-production-warp";
const BULK = "arn:aws:sqs:us-east-1:123456789012:smileloop-production-warp-bulk";
const NARRATOR = "arn:aws:sqs:us-east-1:123456789012:smileloop-production-narrator";
const PLANS = "arn:aws:sqs:us-east-1:123456789012:smileloop-production-plans";
const QUEUES = [WARP, BULK, NARRATOR, `${NARRATOR}-bulk`, PLANS];
const url = (name: string) => `https://sqs.us-east-1.amazonaws.com/123456789012/smileloop-production-${name}`;

describe("every stack", () => holdsForEveryStack(stack, { app: "smileloop", stage: "production" }));

it("tells where it is", () => {
  expect(stack.outputs).toMatchObject({ url: API_URL, bucket: "the-bucket" });
});

it("has nothing of GPUs", () => {
  expect(stack.resources.filter(({ type }) => /^aws:(batch|ec2)/.test(type))).toEqual([]);
});

describe("the bucket", () => {
  it("takes nothing without TLS", () => {
    expect(JSON.parse(String(stack.find("BucketPolicy").inputs.policy))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: ["arn:aws:s3:::the-bucket", "arn:aws:s3:::the-bucket/*"],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
  });

  it("is encrypted by S3, has one owner and the net of a day", () => {
    expect(stack.find("BucketServerSideEncryptionConfiguration").inputs.rules).toEqual([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
    ]);
    expect(stack.find("BucketOwnershipControls").inputs.rule).toEqual({ objectOwnership: "BucketOwnerEnforced" });
    expect(stack.find("BucketLifecycleConfiguration").inputs.rules).toHaveLength(6);
  });

  it("lets pages of the API's own address upload", () => {
    const [rule] = stack.find("BucketCorsConfiguration").inputs.corsRules as [{ allowedOrigins: string[] }];
    expect(rule.allowedOrigins).toEqual(["https://abcdef.lambda-url.us-east-1.on.aws"]);
  });

  it("lets every page follow a redirect to a file, whatever headers it came with, and do no more", () => {
    const [, rule, ...more] = stack.find("BucketCorsConfiguration").inputs.corsRules as Record<string, unknown>[];
    expect(more).toEqual([]);
    expect(rule).toMatchObject({ allowedOrigins: ["*"], allowedMethods: ["GET", "HEAD"], allowedHeaders: ["*"] });
  });

  it("gets the pages' assets under the version", () => {
    const assets = stack.all("BucketObjectv2").filter(({ name }) => name.startsWith("Asset-"));
    expect(assets.map(({ inputs }) => [inputs.key, inputs.contentType])).toEqual([
      [expect.stringMatching(/^assets\/\d+\.\d+\.\d+\/docs\/swagger-ui\.js$/), "text/javascript"],
      [expect.stringMatching(/^assets\/\d+\.\d+\.\d+\/previews\/wink\.webp$/), "image/webp"],
    ]);
  });
});

describe("functions", () => {
  it("are what was bundled, with their limits", () => {
    const functions = stack.all("Function").filter(({ type }) => type.startsWith("aws:"));
    const looks = functions.map(({ inputs }) => [
      inputs.name,
      inputs.handler,
      inputs.runtime,
      inputs.memorySize,
      inputs.timeout,
      inputs.reservedConcurrentExecutions,
    ]);
    expect(looks.sort()).toEqual([
      ["smileloop-production-api", "functions/api.handler", "nodejs24.x", 1024, 30, undefined],
      ["smileloop-production-narrator", "functions/worker-lambda.handler", "nodejs24.x", 1769, 420, undefined],
      ["smileloop-production-plans", "functions/worker-lambda.handler", "nodejs24.x", 1769, 900, undefined],
      ["smileloop-production-sweep", "functions/sweep.handler", "nodejs24.x", 512, 90, undefined],
      ["smileloop-production-warp", "functions/worker-lambda.handler", "nodejs24.x", 3008, 900, undefined],
    ]);
  });

  it("are told this", () => {
    // of clients' secrets: not for those that neither take nor use them
    const sealed = { SEAL_KEY };
    const common = {
      BUCKET: "the-bucket",
      QUEUES: ["warp", "warp-bulk", "narrator", "narrator-bulk", "plans"].map((name) => `${name}=${url(name)}`).join(),
      ENGINES:
        "animate=warp,previews=warp,talk=warp,lipsync=warp,process_image=warp,process_video=warp,convert=warp,survey=warp,insert=warp,speak=narrator",
      LOG_LEVEL: "info",
      RESULT_TTL_S: "3600",
      MAX_VIDEO_LENGTH: "300",
      MAX_WORK_S: "warp=420,narrator=180",
    };
    expect(variablesOf(stack, "ApiFunction")).toEqual({
      ...common,
      ...sealed,
      API_KEYS: "me:0000",
      INSPECT_FUNCTION: "smileloop-production-warp",
    });
    expect(variablesOf(stack, "SweepFunction")).toEqual(common);
    expect(variablesOf(stack, "WarpFunction")).toEqual({ ...common, ...sealed, SIGNING_KEY, MARK_KEY, QUEUE: "warp" });
    expect(variablesOf(stack, "NarratorFunction")).toEqual({ ...common, SIGNING_KEY, MARK_KEY, QUEUE: "narrator" });
    expect(variablesOf(stack, "PlansFunction")).toEqual({ ...common, ...sealed, QUEUE: "plans" });
  });

  it("have an address that answers CORS itself", () => {
    expect(stack.find("FunctionUrl").inputs).toEqual({
      authorizationType: "NONE",
      functionName: "smileloop-production-api",
      invokeMode: "BUFFERED",
    });
  });

  it("are fed one message at a time, so many at once, and say which failed", () => {
    const source = (arn: string, maximumConcurrency: number, name = "warp") => ({
      eventSourceArn: arn,
      functionName: `smileloop-production-${name}`,
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency },
      tags: { app: "smileloop", stage: "production" },
    });
    const sources = stack.all("EventSourceMapping").map(({ inputs }) => inputs);
    expect(sources.sort((a, b) => String(a.functionName).localeCompare(String(b.functionName)))).toEqual([
      ...[source(NARRATOR, 2, "narrator"), source(`${NARRATOR}-bulk`, 2, "narrator")],
      source(PLANS, 2, "plans"),
      ...[source(WARP, 3), source(BULK, 2)],
    ]);
  });

  it("are called each minute, and not again when that fails", () => {
    expect(stack.find("EventRule").inputs).toMatchObject({ scheduleExpression: "rate(1 minute)" });
    expect(stack.find("EventTarget").inputs).toEqual({
      rule: "smileloop-production-sweep",
      arn: "arn:aws:lambda:us-east-1:123456789012:function:smileloop-production-sweep",
    });
    expect(stack.find("Permission", "SweepMayBeCalled").inputs).toEqual({
      action: "lambda:InvokeFunction",
      function: "smileloop-production-sweep",
      principal: "events.amazonaws.com",
      sourceArn: "arn:aws:events:us-east-1:123456789012:rule/smileloop-production-sweep",
    });
    expect(stack.find("FunctionEventInvokeConfig").inputs).toMatchObject({ maximumRetryAttempts: 0 });
  });
});

describe("queues", () => {
  it("keep a message hidden while its function may run, and set it aside after 100 times", () => {
    const { redrivePolicy, tags, ...inputs } = stack.find("Queue", "Queue-warp").inputs;
    expect(inputs).toEqual({
      name: "smileloop-production-warp",
      messageRetentionSeconds: 86_400,
      visibilityTimeoutSeconds: 900,
      receiveWaitTimeSeconds: 20,
      sqsManagedSseEnabled: true,
    });
    expect(JSON.parse(String(redrivePolicy))).toEqual({
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:smileloop-production-dead-letters",
      maxReceiveCount: 100,
    });
    expect(tags).toEqual({ app: "smileloop", stage: "production" });
  });
});

describe("rights, word by word", () => {
  const logs = (name: string) => ({
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: [`arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/smileloop-production-${name}:*`],
  });

  it("of the API", () => {
    expect(rightsOf(stack, "ApiRole")).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::the-bucket/jobs/*", "arn:aws:s3:::the-bucket/uploads/*"],
      },
      { Effect: "Allow", Action: ["s3:PutObject", "s3:DeleteObject"], Resource: ["arn:aws:s3:::the-bucket/due/*"] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        Resource: ["arn:aws:s3:::the-bucket/idempotency/*"],
      },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: ["arn:aws:s3:::the-bucket/payments/*"] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject"],
        Resource: ["arn:aws:s3:::the-bucket/assets/*", "arn:aws:s3:::the-bucket/locks/*"],
      },
      { Effect: "Allow", Action: ["s3:DeleteObject"], Resource: ["arn:aws:s3:::the-bucket/cache/*"] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/audit/*", "arn:aws:s3:::the-bucket/locks/audit-*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        Resource: ["owners", "takedowns", "blocked"].map((name) => `arn:aws:s3:::the-bucket/${name}/*`),
      },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: {
          StringLikeIfExists: {
            "s3:prefix": [
              ...["jobs/*", "uploads/*", "cache/*", "due/*", "idempotency/*", "payments/*", "assets/*", "locks/*"],
              ...["audit/*", "owners/*", "takedowns/*", "blocked/*"],
            ],
          },
        },
      },
      { Effect: "Allow", Action: ["sqs:SendMessage", "sqs:GetQueueAttributes"], Resource: QUEUES },
      {
        Effect: "Allow",
        Action: ["lambda:InvokeFunction"],
        Resource: ["arn:aws:lambda:us-east-1:123456789012:function:smileloop-production-warp"],
      },
      logs("api"),
    ]);
  });

  it("of the sweeper", () => {
    expect(rightsOf(stack, "SweepRole")).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        Resource: ["arn:aws:s3:::the-bucket/jobs/*"],
      },
      { Effect: "Allow", Action: ["s3:PutObject", "s3:DeleteObject"], Resource: ["arn:aws:s3:::the-bucket/due/*"] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/locks/*", "arn:aws:s3:::the-bucket/payments/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:DeleteObject"],
        Resource: ["uploads", "cache", "audit", "owners"].map((name) => `arn:aws:s3:::the-bucket/${name}/*`),
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        Resource: ["arn:aws:s3:::the-bucket/takedowns/*", "arn:aws:s3:::the-bucket/blocked/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/audit/*", "arn:aws:s3:::the-bucket/locks/audit-*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: {
          StringLikeIfExists: {
            "s3:prefix": [
              ...["jobs/*", "uploads/*", "cache/*", "due/*", "locks/*", "payments/*"],
              ...["audit/*", "owners/*", "takedowns/*", "blocked/*"],
            ],
          },
        },
      },
      { Effect: "Allow", Action: ["sqs:SendMessage", "sqs:GetQueueAttributes"], Resource: QUEUES },
      logs("sweep"),
    ]);
  });

  it("of the warp worker", () => {
    expect(rightsOf(stack, "WarpRole")).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::the-bucket/jobs/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::the-bucket/cache/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/audit/*", "arn:aws:s3:::the-bucket/locks/audit-*"],
      },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: ["arn:aws:s3:::the-bucket/owners/*"] },
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::the-bucket/blocked/*"] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: {
          StringLikeIfExists: {
            "s3:prefix": ["jobs/*", "cache/*", "audit/*", "owners/*", "blocked/*", "locks/audit-*"],
          },
        },
      },
      {
        Effect: "Allow",
        Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
        Resource: [WARP, BULK],
      },
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [WARP, BULK, PLANS] },
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::the-bucket/uploads/*"] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: { StringLikeIfExists: { "s3:prefix": ["uploads/*"] } },
      },
      logs("warp"),
    ]);
  });

  it("of the worker for plans, which creates jobs for the others", () => {
    expect(rightsOf(stack, "PlansRole")).toEqual([
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::the-bucket/jobs/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::the-bucket/cache/*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/audit/*", "arn:aws:s3:::the-bucket/locks/audit-*"],
      },
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: ["arn:aws:s3:::the-bucket/owners/*"] },
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::the-bucket/blocked/*"] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: {
          StringLikeIfExists: {
            "s3:prefix": ["jobs/*", "cache/*", "audit/*", "owners/*", "blocked/*", "locks/audit-*"],
          },
        },
      },
      {
        Effect: "Allow",
        Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
        Resource: [PLANS],
      },
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [PLANS] },
      { Effect: "Allow", Action: ["s3:PutObject", "s3:DeleteObject"], Resource: ["arn:aws:s3:::the-bucket/due/*"] },
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: QUEUES },
      logs("plans"),
    ]);
  });

  it("come from nowhere else", () => {
    for (const { name, inputs } of stack.all("Role")) expect(inputs.managedPolicyArns, name).toEqual([]);
    expect(stack.all("RolePolicyAttachment")).toEqual([]);
  });

  it("of alarms and budgets", () => {
    expect(JSON.parse(String(stack.find("TopicPolicy").inputs.policy)).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
        Action: "sns:Publish",
        Resource: "arn:aws:sns:us-east-1:123456789012:smileloop-production-alarms",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
  });
});

describe("what is watched", () => {
  it("goes to the topic", () => {
    const alarms = stack.all("MetricAlarm");
    expect(alarms).toHaveLength(12);
    for (const { inputs } of alarms) {
      expect(inputs.alarmActions).toEqual(["arn:aws:sns:us-east-1:123456789012:smileloop-production-alarms"]);
    }
    expect(stack.all("TopicSubscription")).toEqual([]);
  });

  it("watches what there is", () => {
    const names = [
      ...stack.all("Queue").map(({ inputs }) => inputs.name),
      ...stack.all("Function").map(({ inputs }) => inputs.name),
    ];
    for (const { inputs } of stack.all("MetricAlarm")) {
      expect(names).toContain(Object.values(inputs.dimensions as Record<string, string>)[0]);
    }
    const { widgets } = JSON.parse(String(stack.find("Dashboard").inputs.dashboardBody));
    const metrics = (widgets as { properties: { metrics: string[][] } }[]).flatMap(
      ({ properties }) => properties.metrics,
    );
    for (const metric of metrics) expect(names).toContain(metric[3]);
  });

  it("has a budget that speaks up before the month is over", () => {
    const { notifications, ...budget } = stack.find("Budget").inputs;
    expect(budget).toMatchObject({ limitAmount: "20", limitUnit: "USD", timeUnit: "MONTHLY" });
    expect(notifications).toMatchObject([
      { notificationType: "ACTUAL", threshold: 80 },
      { notificationType: "FORECASTED", threshold: 100 },
    ]);
  });
});
