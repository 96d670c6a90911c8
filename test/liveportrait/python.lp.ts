/** The Python engine's own tests (gpu-container/tests). */
import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { CONTAINER, LACKING, PYTHON, ROOT, WEIGHTS } from "./setting.ts";

describe.skipIf(LACKING !== "")(`the Python engine's own tests${LACKING && ` (skipped: ${LACKING})`}`, () => {
  test("pass, and none is skipped", async () => {
    const env = {
      PATH: "/usr/bin:/bin",
      LIVEPORTRAIT_ROOT: ROOT,
      LIVEPORTRAIT_RANDOM_WEIGHTS: WEIGHTS,
      OMP_NUM_THREADS: "2",
    };
    const python = spawn(PYTHON, ["-B", "-m", "unittest", "discover", "-v", "-s", "tests", "-t", "."], {
      cwd: CONTAINER,
      env,
    });
    let said = "";
    for (const stream of [python.stdout, python.stderr])
      stream.setEncoding("utf8").on("data", (text) => (said += text));
    const exit = await new Promise((resolve) => python.once("close", resolve));
    expect(exit, said).toBe(0);
    expect(said).toMatch(/^Ran \d\d+ tests/m);
    expect(said).not.toContain("skipped");
  });
});
