/** Starts of the server: one that cannot be says why, and one that is open to all says so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { isAlive } from "../support/processes.ts";
import { runServer, startServer } from "../support/server.ts";

const env = { LOG_LEVEL: "warn", WARP_PROCESSES: "1" };
const dirs: string[] = [];

const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-e2e-"));
  dirs.push(dir);
  return dir;
};

afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

test("what cannot be started is refused in a sentence", async () => {
  const dataDir = newDir();
  const file = join(newDir(), "file");
  writeFileSync(file, "");
  const server = await startServer({ dataDir, env });
  onTestFinished(async () => {
    if (isAlive(server.pid)) await server.stop("SIGKILL");
  });
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const port = String((taken.address() as { port: number }).port);

  const refusals: { is: RegExp; dataDir?: string; env?: Record<string, string> }[] = [
    { is: /is in use by another SmileLoop server/, dataDir },
    { is: new RegExp(`PORT ${port} is in use`), env: { PORT: port } },
    { is: /PORT=abc: must be a whole number from 0 to 65535/, env: { PORT: "abc" } },
    { is: /PORT=70000: .*WARP_PROCESSES=0: /, env: { PORT: "70000", WARP_PROCESSES: "0" } },
    { is: /HOST 0\.0\.0\.0 .*API_KEYS .*ANONYMOUS=1 .*ALLOW_OPEN=1/, env: { HOST: "0.0.0.0" } },
    { is: /The folder of presets .*none cannot be read.*PRESETS_DIR/, env: { PRESETS_DIR: join(newDir(), "none") } },
    { is: /API_KEYS: entry 1 holds a key itself/, env: { API_KEYS: `me:${makeApiKey("me").key}` } },
    { is: /HOST no\.such\.host\.invalid is not an address/, env: { HOST: "no.such.host.invalid", ALLOW_OPEN: "1" } },
    { is: /cannot be created: a part of the path is a file \(ENOTDIR\).*DATA_DIR/, dataDir: join(file, "data") },
    { is: /is a file, not a folder.*DATA_DIR/, dataDir: file },
    ...(process.platform === "linux"
      ? [{ is: /cannot be created: nothing can be created there \(ENOENT\).*DATA_DIR/, dataDir: "/proc/smileloop" }]
      : []),
  ];
  for (const refusal of refusals) {
    const exit = await runServer({ dataDir: refusal.dataDir ?? newDir(), env: { ...env, ...refusal.env } });
    expect(exit, exit.stderr).toMatchObject({ code: 1, stdout: "" });
    expect(exit.stderr).toMatch(refusal.is);
    expect(exit.stderr).toMatch(/^smileloop: [^\n]+\n$/);
  }
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect(await server.stop()).toMatchObject({ code: 0 });
});

test("a server behind a public address that asks nobody for a key says so at its start", async () => {
  const said = async (env: Record<string, string>) => {
    const open = await startServer({ env: { PUBLIC_URL: "https://smile.example", LOG_LEVEL: "silent", ...env } });
    await open.stop();
    return open.stderr();
  };
  expect(await said({})).toMatch(
    /^smileloop: anyone who reaches https:\/\/smile\.example may use this server\. Set API_KEYS/,
  );
  expect(await said({ ANONYMOUS: "1" })).toBe("");
  expect(await said({ PUBLIC_URL: "http://localhost:8000" })).toBe("");
});
