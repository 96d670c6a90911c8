/** The command line as people and scripts use it: as a process, and for what needs none, within the test's own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, expect, vi } from "vitest";
import { main } from "../../packages/cli/src/main.ts";
import { killed } from "./processes.ts";

export const CLI = fileURLToPath(new URL("../../packages/cli/bin/smileloop.mjs", import.meta.url));
/** Options of the quickest clip. */
export const FAST = ["--size", "256", "--duration", "1"];

export type Said = { code: number | null; stdout: string; stderr: string };
export type Started = { child: ChildProcess; said: Said; end: Promise<Said> };

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Commands of each test of a file, in two empty folders: where they are typed, and for what is temporary to them. */
export function commandLine() {
  const root = mkdtempSync(join(tmpdir(), "smileloop-e2e-"));
  const children: ChildProcess[] = [];
  let folder = root;
  let temporary = root;

  beforeEach(() => {
    folder = mkdtempSync(join(root, "work-"));
    temporary = mkdtempSync(join(root, "tmp-"));
  });
  // a command that a test has given up is not to write into what the next one looks at
  afterEach(() => Promise.all(children.splice(0).map(killed)));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** `script`: what comes before the arguments. */
  function start(args: readonly string[], node = process.execPath, script = [CLI]): Started {
    const started = spawned(node, [...script, ...args], { cwd: folder, temporary });
    children.push(started.child);
    return started;
  }

  return {
    /** A file where commands are typed. */
    file: (name: string) => join(folder, name),
    /** A file where they keep what is temporary. */
    temporaryFile: (name: string) => join(temporary, name),
    start,
    run: (...args: string[]) => start(args).end,
    /** In this process, which is much quicker, for what reads no standard input. */
    type: (...args: readonly string[]) => typed(args, { cwd: folder, temporary }),
    /** No file but those named, and nothing temporary. */
    expectFiles(...names: string[]): void {
      expect(readdirSync(folder).sort()).toEqual(names.sort());
      expect(readdirSync(temporary).filter((name) => name.startsWith("smileloop-"))).toEqual([]);
    },
  };
}

type Where = { cwd: string; temporary: string };

function spawned(node: string, args: string[], { cwd, temporary }: Where): Started {
  const env = { PATH: process.env.PATH, HOME: temporary, TMPDIR: temporary, TMP: temporary, TEMP: temporary };
  const child = spawn(node, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const said: Said = { code: null, stdout: "", stderr: "" };
  child.stdout!.on("data", (chunk: Buffer) => {
    said.stdout += chunk;
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    said.stderr += chunk;
  });
  const end = new Promise<Said>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...said, code }));
  });
  return { child, said, end };
}

async function typed(args: readonly string[], { cwd, temporary }: Where): Promise<Said> {
  const here = process.cwd();
  const listeners = new Map(SIGNALS.map((name) => [name, process.listeners(name)]));
  const said: Said = { code: null, stdout: "", stderr: "" };
  const streams = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      said[name] += String(chunk);
      return true;
    }),
  );
  // where their key is
  vi.stubEnv("HOME", temporary);
  vi.stubEnv("TMPDIR", temporary);
  process.chdir(cwd);
  try {
    await main([...args]);
    return { ...said, code: Number(process.exitCode) };
  } finally {
    process.exitCode = undefined;
    process.chdir(here);
    vi.unstubAllEnvs();
    for (const stream of streams) stream.mockRestore();
    // a command listens for Ctrl-C until its process ends
    for (const [name, before] of listeners) {
      for (const one of process.listeners(name)) if (!before.includes(one)) process.off(name, one);
    }
  }
}
