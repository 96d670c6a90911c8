/**
 * `node forgetful-engine.ts ARGS…`: a real engine, `node ARGS…`, that takes the order of a mark, draws none, and says that all is well: the
 * order is left out of the runs that reach it.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";

const engine = spawn(process.execPath, process.argv.slice(2), { stdio: ["pipe", "inherit", "inherit"] });
engine.on("exit", (code) => process.exit(code ?? 1));
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const request = JSON.parse(line) as AnimateRun;
    const forgotten = { ...request, provenance: { ...request.provenance, mark: null } };
    engine.stdin.write(`${JSON.stringify(request.type === "run" ? forgotten : request)}\n`);
  })
  .on("close", () => engine.stdin.end());
