import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { provenance } from "../support/provenance.ts";
import { replay } from "./replay.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const HOST = here("../../packages/engine/src/host.ts");
const image = here("../fixtures/grace_hopper.jpg");
const transcripts = readdirSync(here("transcripts")).map((file) => here(`transcripts/${file}`));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop protocol "));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("the Node engine keeps to the transcripts", () => {
  test.each(transcripts.map((path) => [JSON.parse(readFileSync(path, "utf8").split("\n", 1)[0]!).test, path]))(
    "%s",
    (_name, path) => replay(path, { command: [process.execPath, HOST], dir, image }),
  );
});

describe("the Node engine's process", () => {
  test("serves only what its arguments name", async () => {
    const { lines, exit } = await say(
      ["--kinds", "", "--checks", "", "--services", "inspect"],
      [
        {
          type: "finish",
          run: "x",
          frames: { path: "/a", pixels: "yuv420p" },
          spec: { width: 2, height: 2, fps: 1, frames: 1 },
          outputs: { video: "/b" },
          provenance,
        },
      ],
    );
    expect(lines[0]).toMatchObject({ type: "ready", kinds: [], checks: [], services: ["inspect"] });
    expect(lines[1]).toMatchObject({ type: "failed", run: "x", code: "not_supported" });
    expect(exit).toBe(0);
  });

  test("refuses arguments that it does not know, in a sentence", async () => {
    const { lines, exit, errors } = await say(["--kinds", "dance"], []);
    expect([lines, exit]).toEqual([[], 2]);
    expect(errors).toMatch(/--kinds knows animate.*, not dance/);
    expect((await say(["--services", "cast,check"], [])).errors).toContain("not check");
  });

  test("a checker makes the checks of the kinds that it names, and no runs", async () => {
    const run = { type: "run", run: "r", kind: "animate" };
    const { lines } = await say(
      ["--kinds", "", "--checks", "animate", "--services", "cast"],
      [run, { ...run, type: "check" }],
    );
    expect(lines).toMatchObject([
      { type: "ready", kinds: [], checks: ["animate"], services: ["cast"] },
      { type: "failed", code: "not_supported" },
      // it is this process's, but for what is missing in it
      { type: "failed", code: "invalid_request" },
    ]);
  });

  test("exits when nobody reads its replies any more", async () => {
    const child = spawn(process.execPath, [HOST], { env: {}, cwd: dir });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.stdin.on("error", () => {});
    const ask = setInterval(() => child.stdin.write("not JSON\n"), 20);
    expect(await exited).toBe(0);
    clearInterval(ask);
  });
});

/** Sends requests, then the end, and gathers everything that comes back. */
async function say(args: string[], requests: object[]) {
  const child = spawn(process.execPath, [HOST, ...args], { env: {}, cwd: dir });
  let [out, errors] = ["", ""];
  child.stdin.on("error", () => {});
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  for (const request of requests) child.stdin.write(`${JSON.stringify(request)}\n`);
  child.stdin.end();
  const exit = await new Promise((resolve) => child.once("close", resolve));
  const lines: unknown[] = out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { lines, exit, errors };
}
