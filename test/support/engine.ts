/** An engine process, spoken to as plainly as its protocol allows; the worker's own side of the pipe is not involved. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { EngineReply, EngineRequest } from "@smileloop/core/engine/protocol.ts";
import { NODE_FLAGS } from "../../functions/engines/node-engine.ts";

export const HOST = fileURLToPath(new URL("../../packages/engine/src/host.ts", import.meta.url));

/** Of Linux's clock, a second. */
const TICKS = 100;

export type Engine = {
  pid: number;
  /** Resolves with the result; throws with the code and the sentence of `failed`. */
  ask<Result>(request: EngineRequest): Promise<Result>;
  /** The most memory that it has had, bytes. Linux. */
  peakBytes(): number;
  /** Processor time that it has used, all threads, seconds. Linux. */
  cpuSeconds(): number;
  close(): Promise<void>;
};

/** `host`: of another checkout; `flags`: of Node; `before`: a command that starts it. */
export async function startEngine(
  args: string[] = [],
  { host = HOST, flags = [] as string[], before = [] as string[] } = {},
): Promise<Engine> {
  const [command = "", ...rest] = [...before, process.execPath, ...NODE_FLAGS, ...flags, host, ...args];
  const child: ChildProcess = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"], env: {} });
  const waiting = new Map<string, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((ready, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`the engine ended with ${code}`)));
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const reply = JSON.parse(line) as EngineReply;
      if (reply.type === "ready") ready();
      if (reply.type === "done") waiting.get(reply.run)?.resolve(reply.result as never);
      if (reply.type === "failed") waiting.get(reply.run)?.reject(new Error(`${reply.code}: ${reply.detail}`));
    });
  });
  return {
    pid: child.pid!,
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.set(request.run, { resolve, reject });
        child.stdin!.write(`${JSON.stringify(request)}\n`);
      }),
    peakBytes: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) * 1024,
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    close: async () => {
      child.stdin!.end();
      await ended;
    },
  };
}
