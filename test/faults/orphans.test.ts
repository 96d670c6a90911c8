/** No engine outlives its server, however that ends, and whatever the engine is doing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, killed, until } from "../support/processes.ts";

const SERVER = join(import.meta.dirname, "../support/stub-server.ts");

test.skipIf(process.platform !== "linux").each([
  ["reads nothing and burns its CPU", "hang"],
  ["has started processes of its own", "family"],
])("kill -9 of a server whose engine %s", async (_name, behaviour) => {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-orphans-"));
  const server = spawn(process.execPath, [SERVER, dir, behaviour], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    await killed(server);
    rmSync(dir, { recursive: true, force: true });
  });
  const [line] = await once(server.stdout, "data");
  const pids = String(line).trim().split(/\s+/).map(Number);
  expect(pids.length).toBe(behaviour === "family" ? 2 : 1);
  expect(pids.every(isAlive)).toBe(true);
  server.kill("SIGKILL");
  await until(() => !pids.some(isAlive));
});
