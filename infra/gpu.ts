/** Workers on Batch, on machines with a GPU. Nothing of this exists without GPU=1. */
import { createNetwork } from "./network.ts";
import {
  batchNames,
  COMPUTE,
  containerProperties,
  IMAGE_TYPE,
  INSTANCE_TYPES,
  MACHINE,
  maxVcpus,
  offeredTypes,
  RETRY,
  TIMEOUT,
  workerNames,
} from "./policy/batch.ts";
import { type BatchEngine, deployed, lanesOf, onBatch, PLANS } from "./policy/engines.ts";
import { batchWorkerEnvironment } from "./policy/environments.ts";
import { eventStatements, leaveStatements, policyDocument, trustPolicy, workerStatements } from "./policy/roles.ts";
import { RESULT_KEYS, SECRETS } from "./policy/secrets.ts";
import type { GpuSettings, Settings } from "./policy/settings.ts";
import { LOG_DAYS, nameOf, type Stage, tagsOf, WEBHOOKS } from "./policy.ts";
import { type Queues, urlsOf } from "./queues.ts";
import type { ResultKeys } from "./result-keys.ts";
import type { Storage } from "./storage.ts";

type Needs = { storage: Storage; queues: Queues; resultKeys: ResultKeys };
export type Batch = NonNullable<ReturnType<typeof createGpu>>;

export function createGpu(stage: Stage, settings: Settings, needs: Needs) {
  const { gpu } = settings;
  if (!gpu) return null;
  const jobQueues = createMachines(stage, gpu);
  const engines = onBatch(deployed(settings));
  const definitions = engines.map((engine) => createDefinition(stage, { settings, gpu, engine }, needs));
  const { region } = aws.getRegionOutput();
  const { accountId } = aws.getCallerIdentityOutput();
  return {
    names: {
      jobDefinitions: Object.fromEntries(engines.map(({ name }, at) => [name, definitions[at]!.name])),
      spot: jobQueues.spot.name,
      onDemand: jobQueues.ondemand.name,
    },
    arns: {
      jobDefinitions: definitions.map(({ arnPrefix }) => arnPrefix),
      jobQueues: [jobQueues.spot.arn, jobQueues.ondemand.arn],
      jobs: $interpolate`arn:${aws.getPartitionOutput().partition}:batch:${region}:${accountId}:job/*`,
    },
  };
}

/** A Batch queue for Spot and one for On-Demand, each with its own machines. All engines share them. */
function createMachines(stage: Stage, gpu: GpuSettings) {
  const { subnets, securityGroup } = createNetwork(stage);
  const role = new aws.iam.Role("GpuMachineRole", {
    name: nameOf(stage, "gpu-machine"),
    assumeRolePolicy: trustPolicy("ec2.amazonaws.com"),
    // what ECS's agent does, by AWS's own list; none of our data
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
  const instanceTypes = typesOfRegion();
  const create = ({ name, type, strategy }: (typeof COMPUTE)[number]) => {
    const environment = new aws.batch.ComputeEnvironment(`Gpu-${name}`, {
      // AWS replaces it when it changes, and the old one keeps its name until then
      namePrefix: `${names[name]}-`,
      type: "MANAGED",
      computeResources: {
        type,
        allocationStrategy: strategy,
        minVcpus: 0,
        maxVcpus: maxVcpus(gpu),
        instanceTypes,
        instanceRole: profile.arn,
        ec2Configurations: [{ imageType: IMAGE_TYPE }],
        // Batch would look up `$Latest` once, and a changed template would change nothing
        launchTemplate: { launchTemplateId: template.id, version: template.latestVersion.apply(String) },
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

function typesOfRegion() {
  const { instanceTypes: offered } = aws.ec2.getInstanceTypeOfferingsOutput({
    filters: [{ name: "instance-type", values: INSTANCE_TYPES }],
    locationType: "region",
  });
  return $resolve({ offered, region: aws.getRegionOutput().region }).apply((all) =>
    offeredTypes(all.offered, all.region),
  );
}

type Of = { settings: Settings; gpu: GpuSettings; engine: BatchEngine };

/** The job definition of an engine's workers, with their role and log group. */
function createDefinition(stage: Stage, { settings, gpu, engine }: Of, { storage, queues, resultKeys }: Needs) {
  const names = workerNames(stage, engine);
  const { region } = aws.getRegionOutput();
  const role = new aws.iam.Role(names.resource("WorkerRole"), {
    name: names.role,
    assumeRolePolicy: trustPolicy("ecs-tasks.amazonaws.com"),
    inlinePolicies: [
      {
        name: "worker",
        policy: $resolve({
          bucket: storage.arn,
          queues: lanesOf(engine).map((name) => queues[name]!.arn),
          plans: queues[PLANS.name]!.arn,
          events: queues[WEBHOOKS.name]?.arn ?? null,
        }).apply(({ events, ...arns }) =>
          policyDocument([...workerStatements(arns), ...eventStatements(events), ...leaveStatements(arns)]),
        ),
      },
    ],
  });
  const logs = new aws.cloudwatch.LogGroup(names.resource("Logs"), { name: names.logGroup, retentionInDays: LOG_DAYS });
  const parts = { bucket: storage.name, queues: urlsOf(queues), region };
  const starter = createStarter(names, resultKeys);
  return new aws.batch.JobDefinition(names.resource("Worker"), {
    name: names.jobDefinition,
    type: "container",
    platformCapabilities: ["EC2"],
    containerProperties: $resolve({ ...parts, ...starter, jobRole: role.arn, logGroup: logs.name }).apply((all) =>
      containerProperties(
        { image: engine.image(gpu)!, needs: engine.needs },
        {
          ...all,
          environment: batchWorkerEnvironment(engine, all, settings),
          secrets: all.keyArns,
        },
      ),
    ),
    retryStrategy: RETRY,
    timeout: TIMEOUT,
    propagateTags: true,
  });
}

/** The keys of results as encrypted parameters, and the role that hands them to a container when it starts. */
function createStarter(names: ReturnType<typeof workerNames>, values: ResultKeys) {
  const arns = RESULT_KEYS.map((variable) => {
    const name = names.keys[variable];
    const type = "SecureString";
    const parameter = new aws.ssm.Parameter(names.resource(SECRETS[variable].name), {
      name,
      type,
      value: values[variable],
    });
    return [variable, parameter.arn] as const;
  });
  const keyArns = $resolve(Object.fromEntries(arns));
  const role = new aws.iam.Role(names.resource("StarterRole"), {
    name: names.starter,
    assumeRolePolicy: trustPolicy("ecs-tasks.amazonaws.com"),
    inlinePolicies: [
      {
        name: "starter",
        policy: keyArns.apply((all) =>
          policyDocument([{ actions: ["ssm:GetParameters"], resources: Object.values(all) }]),
        ),
      },
    ],
  });
  return { starterRole: role.arn, keyArns };
}
