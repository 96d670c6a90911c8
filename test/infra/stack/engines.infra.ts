/** A deployment with the engines that operators bring: Sync.so, and an image of FaceFusion without LivePortrait's. */
import { describe, expect, it } from "vitest";
import { deploy } from "./deploy.ts";
import { holdsForEveryStack, rightsOf, variablesOf } from "./rules.ts";

const IMAGE = "ghcr.io/example/faces@sha256:0";
const SealKey = "k".repeat(44);
const stack = await deploy(
  "test",
  { GPU: "1", FACEFUSION_IMAGE: IMAGE, SYNCSO: "1", CONTENT_CHECK: "off", FACEFUSION_ATTEST: "operator" },
  { secrets: { SealKey } },
);
const arn = (name: string) => `arn:aws:sqs:us-east-1:123456789012:smileloop-test-${name}`;

describe("every stack", () => holdsForEveryStack(stack, { app: "smileloop", stage: "test" }));

it("has their queues, and those of no engine that is not there", () => {
  const names = stack.all("Queue").map(({ inputs }) => String(inputs.name).replace("smileloop-test-", ""));
  expect(names.toSorted()).toEqual([
    ...["dead-letters", "facefusion", "facefusion-bulk", "narrator", "narrator-bulk", "plans", "poke"],
    ...["syncso", "syncso-bulk", "warp", "warp-bulk"],
  ]);
});

it("tells the key that seals to the API and to who opens, and to nobody else", () => {
  expect(variablesOf(stack, "ApiFunction")).toMatchObject({ SEAL_KEY: SealKey, FACEFUSION_ATTEST: "operator" });
  expect(variablesOf(stack, "SyncsoFunction")).toMatchObject({
    ...{ QUEUE: "syncso", SEAL_KEY: SealKey, SYNC_API_URL: "https://api.sync.so", CONTENT_CHECK: "off" },
    ENGINES:
      "animate=warp,previews=warp,talk=warp,lipsync=warp+syncso,process_image=warp+facefusion,process_video=warp+facefusion,convert=warp,survey=warp,insert=warp,speak=narrator",
  });
  expect(variablesOf(stack, "PlansFunction")).toMatchObject({ QUEUE: "plans", SEAL_KEY: SealKey });
  expect(variablesOf(stack, "WarpFunction")).toMatchObject({ SEAL_KEY: SealKey });
  for (const name of ["NarratorFunction", "SweepFunction"]) {
    expect(JSON.stringify(variablesOf(stack, name)), name).not.toContain(SealKey);
  }
  const { containerProperties } = stack.find("JobDefinition").inputs;
  expect(String(containerProperties)).not.toContain(SealKey);
});

it("feeds each worker by its own queues, and lets it receive from them alone", () => {
  const fed = stack.all("EventSourceMapping").filter(({ inputs }) => inputs.functionName === "smileloop-test-syncso");
  expect(fed.map(({ inputs }) => inputs.eventSourceArn)).toEqual([arn("syncso"), arn("syncso-bulk")]);
  const received = (role: string) =>
    rightsOf(stack, role).filter(({ Action }) => [Action].flat().includes("sqs:ReceiveMessage"));
  expect(received("SyncsoRole").map(({ Resource }) => Resource)).toEqual([[arn("syncso"), arn("syncso-bulk")]]);
  expect(received("FacefusionWorkerRole").map(({ Resource }) => Resource)).toEqual([
    [arn("facefusion"), arn("facefusion-bulk")],
  ]);
});

it("has FaceFusion's workers started from the operator's image", () => {
  const { name, containerProperties } = stack.find("JobDefinition").inputs;
  expect(name).toBe("smileloop-test-facefusion");
  const { image, environment } = JSON.parse(String(containerProperties));
  expect(image).toBe(IMAGE);
  expect(environment).toContainEqual({ name: "QUEUE", value: "facefusion" });
  expect(environment).toContainEqual({ name: "CONTENT_CHECK", value: "off" });
});
