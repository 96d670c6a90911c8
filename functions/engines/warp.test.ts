import { PROCESSORS } from "@smileloop/engine/faces/index.ts";
import { expect, test } from "vitest";
import { warp } from "./warp.ts";

test("the built-in engine offers the steps that are built in, and no others", () => {
  expect([...warp.capabilities!].sort()).toEqual(PROCESSORS.map(({ name }) => name).sort());
});
