/** GPU workers on Batch; nothing of it exists without GPU=1. */
import { createNetwork } from "./network.ts";
import {
  batchNames,
  COMPUTE,
  containerProperties,
  IMAGE_TYPE,
  INSTANCE_TYPES,
  MACHINE,
  maxVcpus,
  RETRY,
  TIMEOUT,
} from "./policy/batch.ts";
import { leaveStatements, policyDocument, trustPolicy, workerStatements } from "./policy/roles.ts";
import type { GpuSettings, Settings } from "./policy/settings.ts";
import { GPU_QUEUES, gpuEnvironment, LOG_DAYS, nameOf, type Stage, tagsOf } from "./policy.ts";
import { type Queues, urlsOf } from "./queues.ts";
import type { Storage } from "./storage.ts";

type Needs = { storage: Storage; queues: Queues };
export type Batch = NonNullable<ReturnType<typeof createGpu>>;

export function createGpu(stage: Stage, settings: Settings, needs: Needs) {
  const { gpu } = settings;
  if (!gpu) return null;
  const jobQueues = createMachines(stage, gpu);
  const definition = createDefinition(stage, settings, gpu, needs);
  const { region } = aws.getRegionOutput();
  const { accountId } = aws.getCallerIdentityOutput();
  return {
    names: { jobDefinition: definition.name, spot: jobQueues.spot.name, onDemand: jobQueues.ondemand.name },
    arns: {
      jobDefinition: definition.arnPrefix,
      jobQueues: [jobQueues.spot.arn, jobQueues.ondemand.arn],
      jobs: $interpolate`arn:${aws.getPartitionOutput().partition}:batch:${region}:${accountId}:job/*`,
    },
  };
}

/** A Batch queue for Spot and one for On-Demand, each with machines of its own. */
function createMachines(stage: Stage, gpu: GpuSettings) {
  const { subnets, securityGroup } = createNetwork(stage);
  const role = new aws.iam.Role("GpuMachineRole", {
    name: nameOf(stage, "gpu-machine"),
    assumeRolePolicy: trustPolicy("ec2.amazonaws.com"),
    // AWS's own list of what ECS's agent does; it knows no data of ours
    managedPolicyArns: [
      $interpolate`arn:${aws.getPartitionOutput().partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role`,
    ],
  });
  const profile = new aws.iam.InstanceProfile("GpuMachineProfile", {
    name: nameOf(stage, "gpu-machine"),
    role: role.name,
  });
  const machine = { ...tagsOf(stage), Name: nameOf(stage, "gpu") };
  const template = new aws.ec2.LaunchTemplate("GpuMachine", {
    name: nameOf(stage, "gpu"),
    ...MACHINE,
    tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags: machine })),
  });
  const names = batchNames(stage);
  const create = ({ name, type, strategy }: (typeof COMPUTE)[number]) => {
    const environment = new aws.batch.ComputeEnvironment(`Gpu-${name}`, {
      // AWS replaces it when it changes; then the old one has to keep its name
      namePrefix: `${names[name]}-`,
      type: "MANAGED",
      computeResources: {
        type,
        allocationStrategy: strategy,
        minVcpus: 0,
        maxVcpus: maxVcpus(gpu),
        instanceTypes: INSTANCE_TYPES,
        instanceRole: profile.arn,
        ec2Configurations: [{ imageType: IMAGE_TYPE }],
        launchTemplate: { launchTemplateId: template.id, version: "$Latest" },
        subnets,
        securityGroupIds: [securityGroup],
      },
    });
    return new aws.batch.JobQueue(`GpuQueue-${name}`, {
      name: names[name],
      state: "ENABLED",
      priority: 1,
      computeEnvironmentOrders: [{ order: 1, computeEnvironment: environment.arn }],
    });
  };
  return { spot: create(COMPUTE[0]), ondemand: create(COMPUTE[1]) };
}

function createDefinition(stage: Stage, settings: Settings, gpu: GpuSettings, { storage, queues }: Needs) {
  const names = batchNames(stage);
  const { region } = aws.getRegionOutput();
  const role = new aws.iam.Role("GpuWorkerRole", {
    name: nameOf(stage, "gpu-worker"),
    assumeRolePolicy: trustPolicy("ecs-tasks.amazonaws.com"),
    inlinePolicies: [
      {
        name: "worker",
        policy: $resolve({ bucket: storage.arn, queues: GPU_QUEUES.map((name) => queues[name]!.arn) }).apply((arns) =>
          policyDocument([...workerStatements(arns), ...leaveStatements(arns)]),
        ),
      },
    ],
  });
  const logs = new aws.cloudwatch.LogGroup("GpuLogs", { name: names.logGroup, retentionInDays: LOG_DAYS });
  const parts = { bucket: storage.name, queues: urlsOf(queues), region };
  return new aws.batch.JobDefinition("GpuWorker", {
    name: names.jobDefinition,
    type: "container",
    platformCapabilities: ["EC2"],
    containerProperties: $resolve({ ...parts, jobRole: role.arn, logGroup: logs.name }).apply((all) =>
      containerProperties(gpu, { ...all, environment: gpuEnvironment(all, settings) }),
    ),
    retryStrategy: RETRY,
    timeout: TIMEOUT,
    propagateTags: true,
  });
}
