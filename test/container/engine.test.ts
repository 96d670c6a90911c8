/** What the Python engine has in common with this side, as far as it needs nothing but Python itself. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { engineSchema, SCHEMA_FILE } from "../../scripts/engine-schema.ts";
import { PYTHON } from "../support/python.ts";

const CONTAINER = fileURLToPath(new URL("../../gpu-container", import.meta.url));
const python = (args: string[]) =>
  spawnSync(PYTHON!, ["-B", ...args], { cwd: CONTAINER, encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });

describe.skipIf(PYTHON === null)("the Python engine", () => {
  test("takes the same requests and codes, and keeps its stdout clean", () => {
    const { status, stderr } = python(["-m", "unittest", "tests.test_requests"]);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Ran ([5-9]|\d\d+) tests/m);
  });
});

test("the Python engine checks requests by the schemas of this side", () => {
  expect(readFileSync(SCHEMA_FILE, "utf8"), "run `node scripts/engine-schema.ts`").toBe(engineSchema());
});
