/** Nothing outlives what started it: launchers, npm, and the shell between. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, linkSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive, killed, until } from "../support/processes.ts";
import { processTree, START } from "../support/server.ts";

const checkout = resolve(import.meta.dirname, "../..");
const root = mkdtempSync(join(tmpdir(), "smileloop-launcher-"));
let dataDir: string;
let family: number[] = [];
let child: ChildProcess;

beforeEach(() => {
  dataDir = mkdtempSync(join(root, "data-"));
});
afterEach(async () => {
  await killed(child);
  for (const pid of family.filter(isAlive)) process.kill(pid, "SIGKILL");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Starts a server in some way and waits until it answers and its engines are there; the port is free again once it is gone. */
async function begin(
  command: string,
  args: string[],
): Promise<{ port: number; said: () => string; end: Promise<number | null> }> {
  const { PATH, HOME } = process.env;
  const env = { PATH: `${join(checkout, "node_modules/.bin")}:${PATH}`, HOME, PORT: "0", DATA_DIR: dataDir };
  child = spawn(command, args, { cwd: checkout, env, stdio: ["ignore", "pipe", "pipe"] });
  const end = new Promise<number | null>((gone) => child.once("exit", gone));
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk: Buffer) => (said += chunk));
  await until(() => /is ready: http\S+:\d+/.test(said));
  const port = Number(/is ready: http\S+?:(\d+)/.exec(said)?.[1]);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
  family = processTree(child.pid!);
  return { port, said: () => said, end };
}

async function allGone(port: number): Promise<void> {
  await until(() => !family.some(isAlive));
  const refused = await new Promise((answer) => {
    createConnection(port, "127.0.0.1")
      .once("connect", () => answer(false))
      .once("error", () => answer(true));
  });
  expect(refused).toBe(true);
}

/** A Node that cannot run TypeScript, so that another one is launched: the machine's own, or this one told not to. */
function oldNode(): string[] {
  const own = "/usr/bin/node";
  try {
    if (execFileSync(own, ["-p", "!process.features.typescript"], { encoding: "utf8" }).trim() === "true") return [own];
  } catch {
    // not there
  }
  const path = join(root, "node");
  try {
    linkSync(process.execPath, path);
  } catch {
    copyFileSync(process.execPath, path);
  }
  return [path, "--no-strip-types"];
}

describe.skipIf(process.platform !== "linux")("a server", () => {
  test("whose launcher is killed ends with it", async () => {
    const [node, ...flags] = oldNode();
    const { port } = await begin(node!, [...flags, START]);
    expect(family.length).toBeGreaterThan(2);
    child.kill("SIGKILL");
    await allGone(port);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("is told of a launcher's %s, once", async (signal) => {
    const [node, ...flags] = oldNode();
    const { port, said, end } = await begin(node!, [...flags, START]);
    // as Ctrl-C in a terminal: each process of the group gets it
    const server = family.find((pid) => pid !== child.pid)!;
    if (signal === "SIGINT") process.kill(server, signal);
    child.kill(signal);
    expect(await end).toBe(0);
    expect(said()).toContain('"event":"stopped"');
    await allGone(port);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("of `npm start` ends when npm gets %s, in order", async (signal) => {
    const { port, said } = await begin("npm", ["start"]);
    child.kill(signal);
    await allGone(port);
    expect(said()).toContain('"event":"stopped"');
  });

  test("of `npx smileloop serve` ends when npx gets SIGTERM, in order", async () => {
    const { port, said } = await begin("npx", ["--no-install", "smileloop", "serve"]);
    child.kill("SIGTERM");
    await allGone(port);
    expect(said()).toContain('"event":"stopped"');
  });

  test("of its own goes on without the process that started it", async () => {
    const { port } = await begin("sh", ["-c", `node ${START}; true`]);
    child.kill("SIGKILL");
    await until(() => !isAlive(child.pid!));
    await new Promise((later) => setTimeout(later, 1500));
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });
});
