/** A deployment with everything: GPU workers, other origins, mail. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deploy, MARK_KEY, SEAL_KEY, SIGNING_KEY } from "./deploy.ts";
import { holdsForEveryStack, rightsOf, variablesOf } from "./rules.ts";

const IMAGE = "ghcr.io/example/smileloop-gpu@sha256:0";
const stack = await deploy("test", {
  GPU: "1",
  GPU_IMAGE: IMAGE,
  MAX_WORKERS: "3",
  CORS_ORIGINS: "https://a.example",
  PUBLIC_URL: "https://api.example",
  ANONYMOUS: "1",
  ALARM_EMAIL: "me@example.org",
  WARP_CONCURRENCY: "40",
});
const arn = (name: string) => `arn:aws:sqs:us-east-1:123456789012:smileloop-test-${name}`;
const url = (name: string) => `https://sqs.us-east-1.amazonaws.com/123456789012/smileloop-test-${name}`;
const NAMES = ["warp", "warp-bulk", "narrator", "narrator-bulk", "liveportrait", "liveportrait-bulk", "plans", "poke"];
const QUEUES = NAMES.map((name) => `${name}=${url(name)}`).join(",");

describe("every stack", () => holdsForEveryStack(stack, { app: "smileloop", stage: "test" }));

describe("functions", () => {
  const common = {
    BUCKET: "the-bucket",
    QUEUES,
    ENGINES:
      "animate=warp+liveportrait,previews=warp,talk=warp+liveportrait,lipsync=warp,process_image=warp,process_video=warp,convert=warp,survey=warp,insert=warp,speak=narrator",
    LOG_LEVEL: "info",
    RESULT_TTL_S: "3600",
    MAX_VIDEO_LENGTH: "300",
    MAX_WORK_S: "warp=420,narrator=180",
  };
  const batch = {
    BATCH_QUEUES: "liveportrait=smileloop-test-gpu-spot+smileloop-test-gpu-ondemand",
    BATCH_JOB_DEFINITION: "liveportrait=smileloop-test-liveportrait",
  };

  it("are told this", () => {
    expect(variablesOf(stack, "ApiFunction")).toEqual({
      ...common,
      ...batch,
      SEAL_KEY,
      API_KEYS: "me:0000",
      ANONYMOUS: "1",
      CORS_ORIGINS: "https://a.example",
      PUBLIC_URL: "https://api.example",
      INSPECT_FUNCTION: "smileloop-test-warp",
    });
    expect(variablesOf(stack, "SweepFunction")).toEqual({
      ...common,
      ...batch,
      MAX_WORKERS: "3",
      TARGET_WAIT_S: "60",
    });
    expect(variablesOf(stack, "WarpFunction")).toEqual({ ...common, SEAL_KEY, SIGNING_KEY, MARK_KEY, QUEUE: "warp" });
  });

  it("are fed: the warp worker by its queue, the sweeper by pokes too", () => {
    const sources = stack
      .all("EventSourceMapping")
      .map(({ inputs }) => [
        inputs.functionName,
        inputs.eventSourceArn,
        (inputs.scalingConfig as { maximumConcurrency: number }).maximumConcurrency,
      ]);
    expect(sources.sort()).toEqual([
      ["smileloop-test-narrator", arn("narrator"), 2],
      ["smileloop-test-narrator", arn("narrator-bulk"), 2],
      ["smileloop-test-plans", arn("plans"), 2],
      ["smileloop-test-sweep", arn("poke"), 2],
      ["smileloop-test-warp", arn("warp"), 32],
      ["smileloop-test-warp", arn("warp-bulk"), 8],
    ]);
  });

  it("may be called by pages of all its addresses, and so may the bucket", () => {
    const [rule] = stack.find("BucketCorsConfiguration").inputs.corsRules as [{ allowedOrigins: string[] }];
    expect(rule.allowedOrigins).toEqual([
      "https://abcdef.lambda-url.us-east-1.on.aws",
      "https://a.example",
      "https://api.example",
    ]);
  });
});

describe("rights, word by word", () => {
  it("of the sweeper, beyond those without GPUs", () => {
    expect(rightsOf(stack, "SweepRole").slice(7, -1)).toEqual([
      {
        Effect: "Allow",
        Action: ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        Resource: NAMES.slice(0, -1).map(arn),
      },
      {
        Effect: "Allow",
        Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
        Resource: [arn("poke")],
      },
      {
        Effect: "Allow",
        Action: ["batch:SubmitJob"],
        Resource: [
          "arn:aws:batch:us-east-1:123456789012:job-definition/smileloop-test-liveportrait",
          "arn:aws:batch:us-east-1:123456789012:job-definition/smileloop-test-liveportrait:*",
          "arn:aws:batch:us-east-1:123456789012:job-queue/smileloop-test-gpu-spot",
          "arn:aws:batch:us-east-1:123456789012:job-queue/smileloop-test-gpu-ondemand",
        ],
      },
      {
        Effect: "Allow",
        Action: ["batch:CancelJob"],
        Resource: ["arn:aws:batch:us-east-1:123456789012:job/*"],
      },
      { Effect: "Allow", Action: ["batch:ListJobs"], Resource: ["*"] },
    ]);
  });

  it("of the GPU worker: jobs, its own queue, and the note by which it leaves", () => {
    expect(rightsOf(stack, "GpuWorkerRole")).toEqual([
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
        Resource: [arn("liveportrait"), arn("liveportrait-bulk")],
      },
      {
        Effect: "Allow",
        Action: ["sqs:SendMessage"],
        Resource: [arn("liveportrait"), arn("liveportrait-bulk"), arn("plans")],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: ["arn:aws:s3:::the-bucket/locks/surplus-*"],
      },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::the-bucket"],
        Condition: { StringLikeIfExists: { "s3:prefix": ["locks/surplus-*"] } },
      },
    ]);
  });

  it("of its machine: ECS's agent, by AWS's own list", () => {
    const { inlinePolicies, managedPolicyArns } = stack.find("Role", "GpuMachineRole").inputs;
    expect(inlinePolicies).toBeUndefined();
    expect(managedPolicyArns).toEqual(["arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"]);
  });
});

describe("GPU workers", () => {
  it("run on machines that nobody can call, whose metadata goes one hop, by tokens only", () => {
    const { metadataOptions, blockDeviceMappings, tagSpecifications } = stack.find("LaunchTemplate").inputs;
    expect(metadataOptions).toEqual({ httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 });
    expect(blockDeviceMappings).toMatchObject([{ ebs: { encrypted: "true", volumeType: "gp3", throughput: 600 } }]);
    expect(tagSpecifications).toMatchObject([
      { resourceType: "instance", tags: { app: "smileloop", stage: "test" } },
      { resourceType: "volume", tags: { app: "smileloop", stage: "test" } },
    ]);
    expect(stack.find("SecurityGroup").inputs).toMatchObject({
      ingress: [],
      egress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }],
    });
  });

  it("cost nothing while there is no work: Spot first, On-Demand in a queue of its own", () => {
    const looks = ["Gpu-spot", "Gpu-ondemand"].map((name) => {
      const { computeResources } = stack.find("ComputeEnvironment", name).inputs;
      const { type, allocationStrategy, minVcpus, maxVcpus } = computeResources as Record<string, unknown>;
      return [type, allocationStrategy, minVcpus, maxVcpus];
    });
    expect(looks).toEqual([
      ["SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED", 0, 24],
      ["EC2", "BEST_FIT_PROGRESSIVE", 0, 24],
    ]);
    expect(stack.find("ComputeEnvironment", "Gpu-spot").inputs.computeResources).toMatchObject({
      instanceTypes: ["g6.xlarge", "g6.2xlarge", "g5.xlarge", "g5.2xlarge", "g4dn.xlarge", "g4dn.2xlarge"],
      ec2Configurations: [{ imageType: "ECS_AL2023_NVIDIA" }],
    });
    expect(stack.all("JobQueue").map(({ inputs }) => inputs.name)).toEqual([
      "smileloop-test-gpu-spot",
      "smileloop-test-gpu-ondemand",
    ]);
  });

  it("get the latest template by its number, which a change of it changes", () => {
    for (const { inputs } of stack.all("ComputeEnvironment")) {
      expect(inputs.computeResources).toMatchObject({
        launchTemplate: { launchTemplateId: "GpuMachine-id", version: "3" },
      });
    }
  });

  // what AWS's provider and Batch ask of an update in place; anything else would be replaced, which fails at the old one's end
  it("are on machines whose settings can be changed in place", () => {
    const updatable = ["BEST_FIT_PROGRESSIVE", "SPOT_CAPACITY_OPTIMIZED", "SPOT_PRICE_CAPACITY_OPTIMIZED"];
    for (const { inputs } of stack.all("ComputeEnvironment")) {
      expect(inputs.serviceRole).toBeUndefined();
      expect(updatable).toContain((inputs.computeResources as Record<string, unknown>).allocationStrategy);
    }
  });

  it("are told where they are and what they serve", () => {
    const { containerProperties, retryStrategy, timeout } = stack.find("JobDefinition").inputs;
    const { image, environment, jobRoleArn } = JSON.parse(String(containerProperties));
    expect([image, jobRoleArn]).toEqual([IMAGE, "arn:aws:iam::123456789012:role/smileloop-test-gpu-worker"]);
    const variables = Object.fromEntries(
      (environment as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
    );
    expect(variables).toEqual({
      BUCKET: "the-bucket",
      QUEUES,
      ENGINES:
        "animate=warp+liveportrait,previews=warp,talk=warp+liveportrait,lipsync=warp,process_image=warp,process_video=warp,convert=warp,survey=warp,insert=warp,speak=narrator",
      LOG_LEVEL: "info",
      RESULT_TTL_S: "3600",
      MAX_VIDEO_LENGTH: "300",
      MAX_WORK_S: "warp=420,narrator=180",
      AWS_REGION: "us-east-1",
      QUEUE: "liveportrait",
      IDLE_EXIT_S: "300",
    });
    expect([retryStrategy, timeout]).toEqual([{ attempts: 1 }, { attemptDurationSeconds: 46_800 }]);
  });

  it("reach S3 without leaving the network", () => {
    expect(stack.find("VpcEndpoint").inputs).toMatchObject({
      serviceName: "com.amazonaws.us-east-1.s3",
      vpcEndpointType: "Gateway",
    });
    expect(stack.all("Subnet").map(({ inputs }) => inputs.availabilityZone)).toEqual([
      "us-east-1a",
      "us-east-1b",
      "us-east-1c",
    ]);
  });
});

it("alarms go out by mail", () => {
  expect(stack.find("TopicSubscription").inputs).toMatchObject({ protocol: "email", endpoint: "me@example.org" });
  expect(stack.all("MetricAlarm")).toHaveLength(15);
});

describe("the policy to deploy with", () => {
  type Statement = { Action: string[]; Resource: string[] };
  const { Statement: statements } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../docs/aws/deploy-policy.json"), "utf8"),
  ) as { Statement: Statement[] };
  /** Pulumi's modules whose services IAM calls otherwise. */
  const PREFIXES: Record<string, string> = { "cloudwatch/event": "events", "cloudwatch/log": "logs" };
  const serviceOf = (type: string) => {
    const [, module = "", resource = ""] = /^aws:(\w+)\/([a-z]+)/.exec(type) ?? [];
    return PREFIXES[`${module}/${resource}`] ?? module;
  };

  it("has every service of the stack", () => {
    const used = new Set(stack.resources.map(({ type }) => serviceOf(type)).filter((service) => service !== ""));
    const granted = new Set(statements.flatMap(({ Action }) => Action.map((action) => action.split(":")[0]!)));
    expect([...used].filter((service) => !granted.has(service))).toEqual([]);
    expect(used.size).toBeGreaterThan(8);
  });

  it("has the names that the stack gives", () => {
    const allowed = statements.flatMap(({ Resource }) => Resource);
    const covers = (end: string) => allowed.some((pattern) => pattern.endsWith(end));
    const names = stack.resources.map(({ inputs }) => inputs.name ?? inputs.namePrefix ?? inputs.bucketPrefix);
    const odd = names.filter((name) => typeof name === "string" && !/smileloop-test-/.test(name));
    expect(odd).toEqual([]);
    for (const end of [":function:smileloop-*", ":role/smileloop-*", ":::smileloop-*", ":rule/smileloop-*"]) {
      expect(covers(end), end).toBe(true);
    }
  });
});
