/** The real server as a process of its own, started as `npm start` does, on a free port with a directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "./processes.ts";

export const START = fileURLToPath(new URL("../../functions/start.mjs", import.meta.url));
/** As `npm start` and the image have them. */
const FLAGS = ["--max-semi-space-size=1"];

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type ServerProcess = {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  pid: number;
  dataDir: string;
  /** Everything said so far. */
  stdout(): string;
  stderr(): string;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
};

export type ServerOptions = {
  env?: Record<string, string>;
  /** Absent: a new one, removed by `stop` when it was not given. */
  dataDir?: string;
  /** A command that the server is run by, such as ["taskset", "-c", "0"]. */
  wrapper?: string[];
  /** File descriptor that the log goes to; `stderr()` is empty then. */
  log?: number;
  /** Instead of the server itself. */
  script?: string;
  args?: string[];
};

/** Resolves when the server says that it accepts requests. Throws with what it said when it ends before. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "smileloop-test-"));
  const { child, said } = spawnServer(dataDir, options);
  const ended = endOf(child);
  const net = killLater(child);
  const url = await Promise.race([
    ended.then((exit) => {
      throw new Error(`the server ended with ${exit.code ?? exit.signal}: ${said.stderr}${said.stdout}`);
    }),
    said.until(/(http:\/\/\S+:\d+)/),
  ]).finally(() => clearTimeout(net));
  const port = Number(new URL(url).port);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    dataDir,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      const net = killLater(child);
      const exit = await ended.finally(() => clearTimeout(net));
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      return exit;
    },
  };
}

/** Starts a server that is expected to end by itself, and waits for that. */
export async function runServer(
  options: ServerOptions & { dataDir: string },
): Promise<Exit & { stdout: string; stderr: string }> {
  const { child, said } = spawnServer(options.dataDir, options);
  const net = killLater(child);
  const exit = await endOf(child).finally(() => clearTimeout(net));
  return { ...exit, stdout: said.stdout, stderr: said.stderr };
}

/** Pids of a process and of all that it started, living ones only. Linux. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state !== "Z") children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
    } catch {
      // it ended while we were reading
    }
  }
  const tree = (root: number): number[] => [root, ...(children.get(root) ?? []).flatMap(tree)];
  return tree(pid);
}

type Said = { stdout: string; stderr: string; until(pattern: RegExp): Promise<string> };

function spawnServer(
  dataDir: string,
  { env, wrapper = [], log, script = START, args: own = [] }: ServerOptions,
): { child: ChildProcess; said: Said } {
  const flags = script === START ? FLAGS : [];
  const [command, ...args] = [...wrapper, process.execPath, ...flags, script, ...own];
  const child = spawn(command!, args, {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: "0", DATA_DIR: dataDir, ...env },
    stdio: ["ignore", "pipe", log ?? "pipe"],
  });
  const waiting: { pattern: RegExp; resolve: (text: string) => void }[] = [];
  const said: Said = {
    stdout: "",
    stderr: "",
    until: (pattern) =>
      new Promise((resolve) => {
        waiting.push({ pattern, resolve });
        look();
      }),
  };
  const look = () => {
    for (const { pattern, resolve } of waiting) {
      const found = pattern.exec(said.stdout);
      if (found) resolve(found[1] ?? found[0]);
    }
  };
  child.stdout!.on("data", (chunk: Buffer) => {
    said.stdout += chunk.toString();
    look();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    said.stderr += chunk.toString();
  });
  return { child, said };
}

/** So that a server that hangs fails its test and does not outlive it. */
function killLater(child: ChildProcess): NodeJS.Timeout {
  return setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
}

function endOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}
