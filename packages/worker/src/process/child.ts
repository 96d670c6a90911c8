/**
 * One process of an engine, from its start to its end: its pipes, what it costs, and how it is ended with all that it started.
 *
 * POSIX: it leads its own process group. A guard in that group (a shell that waits for the end of a pipe from this
 * process) kills the group as soon as this process is gone, however it went, so no engine outlives its server, not even one
 * that hangs and reads nothing. The guard is started by the same shell that then becomes the engine, so there is no moment
 * without it. Windows: the end of stdin is the order to exit.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import type { Readable, Writable } from "node:stream";
import { lineSplitter } from "@smileloop/core/lines.ts";

const POSIX = process.platform !== "win32";
/**
 * Should the machine run out of memory, the kernel takes an engine before the server. The environment comes as one, never as arguments:
 * those can be read by every user of the machine, and there may be keys in it. What shells add to it is taken out again.
 */
const GUARDED = [
  "(read -r _ <&3; kill -s KILL -- -$$) </dev/null >/dev/null 2>&1 &",
  "echo 800 2>/dev/null >/proc/self/oom_score_adj;",
  'exec /usr/bin/env -u PWD -u OLDPWD -u SHLVL -u _ "$@" 3<&-',
].join(" ");
/** How long pipes may stay open after the process is gone before they are given up. */
const CLOSE_MS = 500;

type ChildOptions = {
  command: string;
  args: string[];
  /** The whole environment of the process. */
  env: Record<string, string>;
  cwd: string;
  /** Bytes of a line beyond which it is thrown away, and of stderr that are kept. */
  lineBytes: number;
  stderrBytes: number;
  onLine: (line: string) => void;
  onOverlong: () => void;
};

export type Child = {
  /** 0 when it could not be started. */
  pid: number;
  write(line: string): void;
  /** The order to exit. */
  endInput(): void;
  /** Ends it at once, with all that it started. */
  kill(): void;
  /** Resolves, never rejects, once it is gone and all that it wrote was read. */
  exited: Promise<{ code: number | null; signal: string | null }>;
  /** The last of what it wrote to stderr since `clearStderr`. */
  stderr(): string;
  clearStderr(): void;
};

export function startChild(options: ChildOptions): Child {
  const { command, args, env, cwd } = options;
  const child = POSIX
    ? spawn("/bin/sh", ["-c", GUARDED, "sh", command, ...args], {
        cwd,
        env,
        detached: true,
        stdio: ["pipe", "pipe", "pipe", "pipe"],
      })
    : spawn(command, args, { cwd, env, windowsHide: true, stdio: ["pipe", "pipe", "pipe"] });
  const pid = child.pid ?? 0;
  if (pid > 0) lowerPriority(pid);
  const [stdin, stdout, stderr] = child.stdio as unknown as [Writable, Readable, Readable];
  const kept = lastBytes(options.stderrBytes);
  stdout.on("data", lineSplitter(options.lineBytes, options.onLine, options.onOverlong));
  stderr.on("data", kept.add);
  // writing to a process that is gone: its exit says so already
  for (const stream of child.stdio) stream?.on("error", () => {});
  const kill = () => killAll(child, pid);
  return {
    pid,
    write: (line) => void stdin.write(`${line}\n`),
    endInput: () => void stdin.end(),
    kill,
    exited: exitOf(child, kill),
    stderr: kept.text,
    clearStderr: kept.clear,
  };
}

function exitOf(child: ChildProcess, kill: () => void): Child["exited"] {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: null, signal: null }));
    child.once("exit", (code, signal) => {
      kill();
      const end = () => {
        clearTimeout(timer);
        resolve({ code, signal });
      };
      const timer = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
        end();
      }, CLOSE_MS);
      child.once("close", end);
    });
  });
}

/** The guard keeps the group's number from being given to others, so the group can be killed after its leader has gone. */
function killAll(child: ChildProcess, pid: number): void {
  if (pid === 0) return;
  if (POSIX) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // all of them are gone
    }
    return;
  }
  if (child.exitCode === null)
    spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore" }).on("error", () => child.kill());
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // gone already, or not allowed here: it runs at the server's priority
  }
}

function lastBytes(limit: number) {
  let kept: Buffer[] = [];
  let size = 0;
  const trim = () => {
    const all = Buffer.concat(kept);
    // a copy: a slice would keep the whole of it
    kept = [Buffer.from(all.subarray(Math.max(0, all.length - limit)))];
    size = kept[0]!.length;
  };
  return {
    add: (chunk: Buffer) => {
      kept.push(chunk);
      size += chunk.length;
      if (size > 2 * limit) trim();
    },
    text: () => {
      trim();
      return kept[0]!.toString();
    },
    clear: () => {
      kept = [];
      size = 0;
    },
  };
}
