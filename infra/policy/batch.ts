/**
 * GPU workers on AWS Batch: on Spot first, and On-Demand for what found no Spot machine in ten minutes. Nothing runs without
 * work. A worker takes jobs from its queue until the queue is empty; Batch never stops one in the middle for lack of work.
 */
import { nameOf, type Stage } from "../policy.ts";
import type { BatchEngine, WorkerNeeds } from "./engines.ts";
import type { ResultKey } from "./secrets.ts";
import { type GpuSettings, SettingsError } from "./settings.ts";

/** One GPU each, with 24, 24 and 16 GB; Batch takes what Spot has most of at the best price. */
export const INSTANCE_TYPES = ["g6.xlarge", "g6.2xlarge", "g5.xlarge", "g5.2xlarge", "g4dn.xlarge", "g4dn.2xlarge"];

/** Those that a region offers, in our order: Batch refuses the whole list for one that it lacks. Throws SettingsError for none. */
export function offeredTypes(offered: readonly string[], region: string): string[] {
  const types = INSTANCE_TYPES.filter((type) => offered.includes(type));
  if (types.length > 0) return types;
  throw new SettingsError(
    `GPU: the region \`${region}\` offers none of ${INSTANCE_TYPES.join(", ")}. Choose another AWS_REGION, or deploy without GPU=1.`,
  );
}

/** Amazon Linux 2023 with NVIDIA's driver, for ECS. */
export const IMAGE_TYPE = "ECS_AL2023_NVIDIA";
const LARGEST_VCPUS = 8;

/** No job takes longer than 12 hours: a worker that runs longer than this is broken. */
const TIMEOUT_S = 13 * 60 * 60;

/**
 * With these strategies, and by Batch's own service role, everything about an environment is updated in place: types, template,
 * network. Another strategy or role would have it replaced, and its queue holds on to the old one for a while (pulumi-aws#6233).
 */
export const COMPUTE = [
  { name: "spot", type: "SPOT", strategy: "SPOT_PRICE_CAPACITY_OPTIMIZED" },
  { name: "ondemand", type: "EC2", strategy: "BEST_FIT_PROGRESSIVE" },
] as const;

export function maxVcpus({ maxWorkers }: GpuSettings): number {
  return maxWorkers * LARGEST_VCPUS;
}

/**
 * The machines. The root disk is large and fast because the container has some 10 GB.
 *
 * Answers of the metadata service go one hop. Containers of Batch jobs on EC2 share the machine's network, so that a worker
 * still hears of Spot's notice, and nothing behind a bridge hears of anything; its rights come from ECS (169.254.170.2), not
 * from there. What a worker could ask for there are the machine's own rights: those of ECS's agent, no data.
 */
export const MACHINE = {
  metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
  blockDeviceMappings: [
    {
      deviceName: "/dev/xvda",
      ebs: {
        volumeSize: 80,
        volumeType: "gp3",
        throughput: 600,
        iops: 3000,
        encrypted: "true",
        deleteOnTermination: "true",
      },
    },
  ],
};

/** Batch never retries: the sweeper replaces lost workers, and each job's record has its own tries. */
export const RETRY = { attempts: 1 };
export const TIMEOUT = { attemptDurationSeconds: TIMEOUT_S };

/** `secrets`: by variable, the ARN of the parameter that has the value: a job definition is read by many. `starterRole`: reads these. */
type ContainerParts = {
  jobRole: string;
  starterRole: string;
  logGroup: string;
  region: string;
  environment: Record<string, string>;
  secrets: Record<string, string>;
};

/** `containerProperties` of a job definition. The image has its own init, and runs as an unprivileged user. */
export function containerProperties(worker: { image: string; needs: WorkerNeeds }, parts: ContainerParts): string {
  const { image, needs } = worker;
  return JSON.stringify({
    image,
    jobRoleArn: parts.jobRole,
    executionRoleArn: parts.starterRole,
    resourceRequirements: [
      { type: "GPU", value: String(needs.gpus) },
      { type: "VCPU", value: String(needs.vcpus) },
      { type: "MEMORY", value: String(needs.memoryMib) },
    ],
    environment: Object.entries(parts.environment).map(([name, value]) => ({ name, value })),
    secrets: Object.entries(parts.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
    privileged: false,
    logConfiguration: {
      logDriver: "awslogs",
      options: { "awslogs-group": parts.logGroup, "awslogs-region": parts.region, "awslogs-stream-prefix": "worker" },
    },
  });
}

export function batchNames(stage: Stage) {
  return { spot: nameOf(stage, "gpu-spot"), ondemand: nameOf(stage, "gpu-ondemand") };
}

/** `resource`: a name within the stack, such as `GpuLogs`. */
export function workerNames(stage: Stage, { name, id }: BatchEngine) {
  return {
    jobDefinition: nameOf(stage, name),
    logGroup: `/aws/batch/${nameOf(stage, name)}`,
    role: nameOf(stage, `${id}-worker`),
    starter: nameOf(stage, `${id}-starter`),
    keys: {
      SIGNING_KEY: `/${nameOf(stage, id)}/signing-key`,
      MARK_KEY: `/${nameOf(stage, id)}/mark-key`,
    } satisfies Record<ResultKey, string>,
    resource: (what: string) => `${id[0]!.toUpperCase()}${id.slice(1)}${what}`,
  };
}

/** For machines that fetch images and messages, and that nobody calls. Public addresses, because a NAT costs $32 a month. */
export const NETWORK = { cidr: "10.83.0.0/16", subnets: ["10.83.0.0/20", "10.83.16.0/20", "10.83.32.0/20"] } as const;
