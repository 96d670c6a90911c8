/** A deployment whose jobs report their end. */
import { describe, expect, it } from "vitest";
import { deploy } from "./deploy.ts";
import { holdsForEveryStack, rightsOf, variablesOf } from "./rules.ts";

const WebhookSecret = "w".repeat(44);
const IMAGE = "ghcr.io/example/worker@sha256:0";
const stack = await deploy("test", { WEBHOOKS: "1", GPU: "1", GPU_IMAGE: IMAGE }, { secrets: { WebhookSecret } });
const arn = (name: string) => `arn:aws:sqs:us-east-1:123456789012:smileloop-test-${name}`;
const allowed = (role: string, action: string) =>
  rightsOf(stack, role)
    .filter(({ Action }) => [Action].flat().includes(action))
    .flatMap(({ Resource }) => [Resource].flat());

describe("every stack", () => holdsForEveryStack(stack, { app: "smileloop", stage: "test" }));

it("tells the secret to the API and to what sends events, and to nobody else", () => {
  for (const name of ["ApiFunction", "WebhooksFunction"]) {
    expect(variablesOf(stack, name), name).toMatchObject({ WEBHOOK_SECRET: WebhookSecret });
  }
  for (const name of ["WarpFunction", "NarratorFunction", "PlansFunction", "SweepFunction"]) {
    expect(JSON.stringify(variablesOf(stack, name)), name).not.toContain(WebhookSecret);
  }
  expect(String(stack.find("JobDefinition").inputs.containerProperties)).not.toContain(WebhookSecret);
});

it("lets whoever ends jobs send to the queue of events, and its function alone receive from it", () => {
  const roles = ["ApiRole", "SweepRole", "WarpRole", "NarratorRole", "PlansRole", "GpuWorkerRole", "WebhooksRole"];
  for (const role of roles) expect(allowed(role, "sqs:SendMessage"), role).toContain(arn("webhooks"));
  const receivers = roles.filter((role) => allowed(role, "sqs:ReceiveMessage").includes(arn("webhooks")));
  expect(receivers).toEqual(["WebhooksRole"]);
  expect(allowed("WebhooksRole", "sqs:SendMessage")).toEqual([arn("webhooks")]);
  expect(allowed("WebhooksRole", "s3:DeleteObject")).toEqual([]);
  const [fed] = stack.all("EventSourceMapping").filter(({ inputs }) => inputs.eventSourceArn === arn("webhooks"));
  expect(fed?.inputs).toMatchObject({ functionName: "smileloop-test-webhooks", batchSize: 10 });
});
