import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readEnv } from "@smileloop/core/env.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { standInCheckout } from "../../test/support/liveportrait.ts";
import { liveportrait } from "./liveportrait.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-liveportrait-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const find = (LIVEPORTRAIT_ROOT?: string, LIVEPORTRAIT_PYTHON?: string) =>
  liveportrait.find(readEnv({ LIVEPORTRAIT_ROOT, LIVEPORTRAIT_PYTHON }));

/** A command that answers the probe like a Python that lacks these modules. */
function pythonWithout(missing: string[]): string {
  const path = join(dir, "python");
  writeFileSync(path, `#!/bin/sh\necho '${JSON.stringify({ python: "/usr/bin/python3", missing })}'\n`);
  chmodSync(path, 0o755);
  return path;
}

test("none was asked for", async () => {
  expect(await find()).toEqual({ engine: null, trouble: null });
});

test("all of it is there", async () => {
  const root = standInCheckout(join(dir, "LivePortrait"));
  const { engine, trouble } = await find(root, pythonWithout([]));
  expect(trouble).toBeNull();
  expect(engine).toMatchObject({ queueName: "liveportrait", slots: 1 });
  const { command, args, env } = engine!.engineCommand!;
  expect([command, ...args.slice(0, 4)]).toEqual(["/usr/bin/python3", "-m", "liveportrait", "--root", root]);
  expect(Object.keys(env!).sort()).toEqual(["HOME", "PATH", "PYTHONPATH"]);
  expect(engine!.helpers![0]!.command.args).toContain("finish,extract,listen");
});

test("the checkout's own virtual environment comes before the machine's Python", async () => {
  const root = standInCheckout(join(dir, "LivePortrait"));
  const own = join(root, ".venv", "bin", "python");
  mkdirSync(dirname(own), { recursive: true });
  writeFileSync(own, readFileSync(pythonWithout(["torch", "cv2"])), { mode: 0o755 });
  expect((await find(root)).trouble).toBe(`${own} lacks torch, cv2. gpu-container/setup.sh sets it up.`);
});

test("what is missing is named", async () => {
  expect((await find(dir)).trouble).toContain(`LIVEPORTRAIT_ROOT ${dir} is not a checkout of LivePortrait.`);
  const root = standInCheckout(join(dir, "LivePortrait"));
  rmSync(join(root, "pretrained_weights/liveportrait/landmark.onnx"));
  truncateSync(join(root, "pretrained_weights/liveportrait/base_models/warping_module.pth"), 1000);
  const { engine, trouble } = await find(root);
  expect(engine).toBeNull();
  expect(trouble).toContain("liveportrait/base_models/warping_module.pth, liveportrait/landmark.onnx.");
  expect((await find(standInCheckout(root), join(dir, "nothing"))).trouble).toContain("is not a working Python");
});
