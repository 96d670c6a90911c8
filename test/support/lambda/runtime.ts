/**
 * Lambda on this machine: a function's folder runs in a process that gets Lambda's environment and nothing else, and is fed
 * through the runtime API. One event at a time; between events the process is stopped, as Lambda freezes it. What is ended
 * half-way is an error for whoever asked, and the next event starts a new process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "../processes.ts";

const LOADER = fileURLToPath(new URL("loader.ts", import.meta.url));

export type LambdaOptions = {
  /** The unpacked bundle. */
  dir: string;
  /** Such as `functions/api.handler`. */
  handler: string;
  /** What the deployment sets. */
  env: Record<string, string>;
  /** Comes before the command of its process. */
  prefix?: string[];
  /** When the function is killed; longer than a deployment allows, because this machine may be slower. */
  timeoutMs?: number;
};

/** What the function threw, or what became of its process. */
export class LambdaError extends Error {}

export type Lambda = {
  /** Answers what the handler returned. Throws LambdaError. Events wait for one another. */
  invoke(event: unknown): Promise<unknown>;
  /** The process that runs it; 0 when there is none. */
  pid(): number;
  /** Ends the process at once, whatever it does. */
  kill(): void;
  /** Milliseconds from the start of the latest process to its first question for an event. */
  initMs(): number;
  /** What it wrote, to stdout and stderr. */
  log(): string;
  close(): Promise<void>;
};

type Invocation = {
  id: string;
  event: unknown;
  deadlineMs: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
};

export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const { dir, handler, env, prefix = [], timeoutMs = 2 * PATIENCE_MS } = options;
  let child: ChildProcess | null = null;
  let waiting: ServerResponse | null = null;
  let current: Invocation | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  let startedMs = 0;
  let initMs = 0;
  let text = "";

  const settle = (how: (invocation: Invocation) => void) => {
    if (!current) return;
    const invocation = current;
    current = null;
    how(invocation);
  };
  const feed = () => {
    if (!current || !waiting || !child) return;
    child.kill("SIGCONT");
    waiting.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": current.id,
      "Lambda-Runtime-Deadline-Ms": `${current.deadlineMs}`,
      "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
    });
    waiting.end(JSON.stringify(current.event));
    waiting = null;
  };

  const server = createServer(async (request, response) => {
    const path = (request.url ?? "").replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      initMs ||= performance.now() - startedMs;
      waiting = response;
      if (current) feed();
      else child?.kill("SIGSTOP");
      return;
    }
    const body = (await bodyOf(request)) as { errorType?: string; errorMessage?: string } | null;
    response.writeHead(202).end("{}");
    if (path === `invocation/${current?.id}/response`) settle(({ resolve }) => resolve(body));
    else settle(({ reject }) => reject(new LambdaError(`${body?.errorType}: ${body?.errorMessage}`)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const start = () => {
    startedMs = performance.now();
    initMs = 0;
    const [command = "", ...args] = [...prefix, process.execPath, LOADER];
    const started = spawn(command, args, {
      cwd: dir,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        _HANDLER: handler,
        LAMBDA_TASK_ROOT: dir,
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        AWS_LAMBDA_FUNCTION_NAME: "test",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "3008",
        AWS_REGION: "us-east-1",
        TZ: ":UTC",
        LANG: "en_US.UTF-8",
        LD_LIBRARY_PATH:
          "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        PATH: "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin",
        ...env,
      },
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
    }
    started.once("exit", (code, signal) => {
      if (child !== started) return;
      child = null;
      waiting = null;
      settle(({ reject }) => reject(new LambdaError(`The process has ended: ${signal ?? code}. ${text.slice(-2000)}`)));
    });
    child = started;
  };

  const invoke = async (event: unknown): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    current = { id: randomUUID(), event, deadlineMs: Date.now() + timeoutMs, resolve, reject };
    if (child) feed();
    else start();
    const timer = setTimeout(() => child?.kill("SIGKILL"), timeoutMs);
    return promise.finally(() => clearTimeout(timer));
  };

  return {
    invoke(event) {
      const result = queue.then(() => invoke(event));
      queue = result.catch(() => {});
      return result;
    },
    pid: () => child?.pid ?? 0,
    kill: () => void child?.kill("SIGKILL"),
    initMs: () => initMs,
    log: () => text,
    async close() {
      const exited = child && once(child, "exit");
      child?.kill("SIGKILL");
      await exited;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || "null");
}
