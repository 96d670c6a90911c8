/** What holds for every stack, whatever is in it. */
import { envSchema } from "@smileloop/core/env.ts";
import { expect, it } from "vitest";
import type { Deployed, Resource } from "./deploy.ts";

export type IamStatement = {
  Effect: "Allow" | "Deny";
  Principal?: unknown;
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
};

/** What takes no tags, or why it has none. */
const UNTAGGED: Record<string, string> = {
  "aws:cloudwatch/dashboard:Dashboard": "AWS has no tags for it",
  "aws:cloudwatch/eventTarget:EventTarget": "a part of its rule",
  "aws:ec2/routeTableAssociation:RouteTableAssociation": "a part of its table",
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "a part of its function",
  "aws:lambda/functionUrl:FunctionUrl": "a part of its function",
  "aws:lambda/permission:Permission": "a part of its function",
  "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "a part of its bucket",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a part of its bucket",
  "aws:s3/bucketObjectv2:BucketObjectv2": "objects are paid for by bucket",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "a part of its bucket",
  "aws:s3/bucketPolicy:BucketPolicy": "a part of its bucket",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a part of its bucket",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "a part of its bucket",
  "aws:sns/topicPolicy:TopicPolicy": "a part of its topic",
  "aws:sns/topicSubscription:TopicSubscription": "a part of its topic",
};

/** Actions that know no resources, and why they are needed. */
const WITHOUT_RESOURCES: Record<string, string> = {
  "batch:ListJobs": "the sweeper counts workers before it starts more",
};

/** Beside ours, in the environment of every function: SST's own. */
const SST_VARIABLES = ["SST_RESOURCE_App", "SST_KEY", "SST_KEY_FILE"];

export function holdsForEveryStack(stack: Deployed, tags: Record<string, string>): void {
  const ours = stack.resources.filter(({ type }) => type.startsWith("aws:"));
  const policies = ours.flatMap(policiesOf);
  const allowed = policies.filter(({ statement }) => statement.Effect === "Allow");

  it("tags everything that takes tags", () => {
    const untagged = ours.filter(({ type, inputs }) => !(type in UNTAGGED) && !hasTags(inputs.tags, tags));
    expect(untagged.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
  });

  it("has nothing public but the API's address", () => {
    const open = stack.all("Permission").filter(({ inputs }) => inputs.principal === "*");
    expect(open.map(({ name }) => name).sort()).toEqual(["ApiInvokeFunction", "ApiPublicFunctionUrlAccess"]);
    expect(stack.all("FunctionUrl").map(({ name }) => name)).toEqual(["ApiUrl"]);
    expect(stack.find("BucketPublicAccessBlock").inputs).toEqual({
      bucket: "the-bucket",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(stack.all("Bucket")).toHaveLength(1);
    expect(stack.all("BucketAcl")).toEqual([]);
    expect(stack.all("SecurityGroup").flatMap(({ inputs }) => inputs.ingress)).toEqual([]);
    const toAll = allowed.filter(({ statement }) => JSON.stringify(statement.Principal ?? "").includes('"*"'));
    expect(toAll).toEqual([]);
  });

  it("allows no action by a wildcard", () => {
    expect(allowed.flatMap(({ statement }) => [statement.Action].flat()).filter((one) => one.includes("*"))).toEqual(
      [],
    );
  });

  it("allows nothing on everything, except where AWS knows no resources", () => {
    const onAll = allowed.filter(({ statement }) => [statement.Resource].flat().includes("*"));
    const actions = onAll.flatMap(({ statement }) => [statement.Action].flat());
    expect(actions.filter((action) => !(action in WITHOUT_RESOURCES))).toEqual([]);
  });

  it("gives objects by prefix, never the whole bucket", () => {
    const objects = allowed
      .flatMap(({ statement }) => [statement.Resource].flat())
      .filter((arn) => /:s3:::.*\//.test(arn));
    expect(new Set(objects)).toEqual(
      new Set(objects.filter((arn) => /^arn:aws:s3:::the-bucket\/[a-z]+\/([a-z]+-)?\*$/.test(arn))),
    );
  });

  it("tells functions only what core/env.ts knows", () => {
    const known = [...Object.keys(envSchema.shape), ...SST_VARIABLES];
    for (const { name, inputs } of stack.all("Function").filter(({ type }) => type.startsWith("aws:"))) {
      const { variables } = inputs.environment as { variables: Record<string, string> };
      expect(
        Object.keys(variables).filter((variable) => !known.includes(variable)),
        name,
      ).toEqual([]);
    }
  });

  it("keeps logs for two weeks", () => {
    expect(new Set(stack.all("LogGroup").map(({ inputs }) => inputs.retentionInDays))).toEqual(new Set([14]));
  });

  it("lets roles be taken by the service that they are for, and nobody else", () => {
    const services = stack.all("Role").map(({ name, inputs }) => {
      const { Statement } = JSON.parse(String(inputs.assumeRolePolicy));
      expect(Statement, name).toEqual([
        {
          Effect: "Allow",
          Principal: { Service: expect.stringMatching(/\.amazonaws\.com$/) },
          Action: "sts:AssumeRole",
        },
      ]);
      return Statement[0].Principal.Service;
    });
    expect(services.length).toBeGreaterThan(2);
  });
}

/** The statements of the one inline policy of a role. */
export function rightsOf(stack: Deployed, role: string): IamStatement[] {
  const { inputs } = stack.find("Role", role);
  const [policy, ...more] = inputs.inlinePolicies as { policy: string }[];
  expect(more).toEqual([]);
  return JSON.parse(policy!.policy).Statement;
}

export function variablesOf(stack: Deployed, name: string): Record<string, string> {
  const { variables } = stack.find("Function", name).inputs.environment as { variables: Record<string, string> };
  return Object.fromEntries(Object.entries(variables).filter(([variable]) => !SST_VARIABLES.includes(variable)));
}

function policiesOf({ name, inputs }: Resource): { name: string; statement: IamStatement }[] {
  const inline = (inputs.inlinePolicies ?? []) as { policy: string }[];
  const texts = [...inline.map(({ policy }) => policy), ...(inputs.policy ? [String(inputs.policy)] : [])];
  return texts.flatMap((text) =>
    (JSON.parse(text) as { Statement: IamStatement[] }).Statement.map((statement) => ({ name, statement })),
  );
}

function hasTags(found: unknown, wanted: Record<string, string>): boolean {
  const tags = (found ?? {}) as Record<string, string>;
  return Object.entries(wanted).every(([name, value]) => tags[name] === value);
}
