/** The Python client's own tests, against this server. They need Python with httpx, as Debian's `python3-httpx` has it. */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ASTRONAUT } from "../support/pictures.ts";
import { startServer } from "../support/server.ts";

const FOLDER = resolve(import.meta.dirname, "../../clients/python");

function first(candidates: string[], args: string[]): string | null {
  return candidates.find((program) => spawnSync(program, args).status === 0) ?? null;
}
const PYTHON = first(["python3", "/usr/bin/python3"], ["-c", "import sys, httpx; assert sys.version_info >= (3, 9)"]);
const MYPY = PYTHON && first(["mypy", "/usr/bin/mypy"], ["--version"]);

function run(program: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: FOLDER, env: { ...process.env, ...env } });
  return { status, said: `${stdout}${stderr}` };
}

test("its tests pass", async ({ skip }) => {
  if (PYTHON === null) skip("there is no Python with httpx here");
  const server = await startServer();
  try {
    const env = { SMILELOOP_URL: server.url, SMILELOOP_PHOTO: ASTRONAUT, PYTHONDONTWRITEBYTECODE: "1" };
    const { status, said } = run(PYTHON!, ["-m", "unittest", "-v", "tests.test_client"], env);
    expect(status, said).toBe(0);
    expect(said).not.toContain("skipped");
  } finally {
    await server.stop();
  }
});

test("its types hold, strictly", ({ skip }) => {
  if (!MYPY) skip("there is no mypy here");
  const { status, said } = run(MYPY!, [
    "--strict",
    "--cache-dir",
    join(tmpdir(), "smileloop-mypy"),
    "smileloop",
    "tests",
  ]);
  expect(status, said).toBe(0);
});
