/*
 * Starts what is written in TypeScript on a Node that can run it. This file itself has to be readable by any old Node: no
 * syntax and no import that is newer than Node 12.20.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
/** What a launcher calls its child, which knows by that what it is. */
const LAUNCHED = "smileloop";
/** How long a child may take to end after its launcher, ms. */
const GRACE_MS = 1000;

/**
 * Calls `run` where this Node runs TypeScript (22.18 and newer); otherwise starts `script` once more on the Node that
 * `npm ci` has installed, with the same arguments; without that one, says what is missing and exits with 1.
 */
export function withNode(script, run) {
  if (process.features.typescript) {
    if (process.argv0 === LAUNCHED) endWithLauncher();
    // what was parsed once is kept, which halves the time to start; without a place to write, it is simply not kept
    if (nodeModule.enableCompileCache)
      nodeModule.enableCompileCache(join(nodeModules() || here, ".cache", "smileloop"));
    Promise.resolve(run()).catch((error) => {
      console.error(error);
      process.exit(1);
    });
    return;
  }
  const node = packagedNode();
  if (!node || process.execPath === node) {
    process.stderr.write(
      `SmileLoop needs Node 22.18 or newer, and this is ${process.version}: run "npm ci" in its folder, which brings one, or get one from https://nodejs.org.\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(script)].concat(process.argv.slice(2)), {
    // the fourth tells the child of our end, whatever ends us
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    argv0: LAUNCHED,
  });
  // a Ctrl-C in a terminal reaches the child by itself as well, which takes the two as one
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** A launcher that was killed passes nothing on: who started it would find the port and the folder in use. */
function endWithLauncher() {
  process.once("disconnect", () => {
    setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS).unref();
    process.kill(process.pid, "SIGTERM");
  });
  if (process.channel) process.channel.unref();
}

function packagedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const folder = nodeModules();
  if (!folder) return null;
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = join(folder, `node-${platform}-${process.arch}`, "bin", file);
  return existsSync(path) ? path : null;
}

function nodeModules() {
  for (let folder = here; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules");
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return null;
  }
}
