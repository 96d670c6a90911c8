/** A deployment with GPU workers to a region that offers only some of their machines. */
import { expect, it } from "vitest";
import { offeredTypes } from "../../../infra/policy/batch.ts";
import { deploy } from "./deploy.ts";

const stack = await deploy(
  "test",
  { GPU: "1", GPU_IMAGE: "ghcr.io/example/smileloop-gpu@sha256:0" },
  { offered: ["g4dn.xlarge", "m7i.large", "g5.xlarge"] },
);

it("asks Batch for no other, in the order of preference", () => {
  const types = stack
    .all("ComputeEnvironment")
    .map(({ inputs }) => (inputs.computeResources as Record<string, unknown>).instanceTypes);
  expect(types).toEqual([
    ["g5.xlarge", "g4dn.xlarge"],
    ["g5.xlarge", "g4dn.xlarge"],
  ]);
});

it("says what would help where none is offered", () => {
  expect(() => offeredTypes(["m7i.large"], "eu-west-9")).toThrow(
    /^GPU: the region `eu-west-9` offers none of g6\.xlarge, .*\. Choose another AWS_REGION, or deploy without GPU=1\.$/,
  );
});
