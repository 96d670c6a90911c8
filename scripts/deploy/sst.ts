/** SST's command line, the pinned one of node_modules. */
import { spawn } from "node:child_process";
import { delimiter, dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

function options() {
  // SST runs `node`, too: the one that runs this
  const path = [dirname(process.execPath), process.env.PATH, join(ROOT, "node_modules/.bin")].join(delimiter);
  // npm installs SST's parts; nobody is told about it
  const env = { ...process.env, PATH: path, SST_NO_BUN: "1", SST_TELEMETRY_DISABLED: "1" };
  return { cwd: ROOT, env, shell: process.platform === "win32" };
}

/** With this terminal; answers the exit status. */
export function run(args: string[]): Promise<number> {
  const child = spawn("sst", args, { ...options(), stdio: "inherit" });
  return new Promise((resolve, reject) => child.once("error", reject).once("exit", (code) => resolve(code ?? 1)));
}

/** What it says, on either stream. `input`: what it reads, so that no list of processes has it. */
export function ask(args: string[], input = ""): Promise<{ status: number; text: string }> {
  const child = spawn("sst", args, { ...options(), stdio: "pipe" });
  // it may end without having read it
  child.stdin.on("error", () => {}).end(input);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  return new Promise((resolve, reject) =>
    child.once("error", reject).once("close", (code) => resolve({ status: code ?? 1, text })),
  );
}
