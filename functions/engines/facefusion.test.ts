import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnv } from "@smileloop/core/env.ts";
import { PROCESSOR_NAMES } from "@smileloop/core/faces/processors.ts";
import { afterAll, expect, test } from "vitest";
import { standInFacefusion } from "../../test/support/facefusion.ts";
import { facefusion } from "./facefusion.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-find-facefusion-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const find = (FACEFUSION_ROOT?: string, FACEFUSION_PYTHON?: string) =>
  facefusion.find(readEnv({ FACEFUSION_ROOT, FACEFUSION_PYTHON }));

test("it may offer every step that there is", () => {
  expect([...facefusion.capabilities!].sort()).toEqual([...PROCESSOR_NAMES].sort());
});

test("none was asked for", async () => {
  expect(await find()).toEqual({ engine: null, trouble: null });
});

test("it offers here what it has models for, with limits of its own and nothing of our environment", async () => {
  const { root, python } = standInFacefusion(join(dir, "whole"), { models: ["inswapper_128", "fran"] });
  const { engine, trouble, capabilities } = await find(root, python);
  expect(trouble).toBeNull();
  expect(capabilities).toEqual(["age_modifier", "face_debugger", "face_swapper"]);
  expect(engine).toMatchObject({ queueName: "facefusion", slots: 1, engineLimits: { rssBytes: 16 * 1024 ** 3 } });
  expect(engine!.engineCommand).toMatchObject({ command: process.execPath, env: {} });
  expect(engine!.engineCommand!.args).toEqual(expect.arrayContaining(["--root", root, "--python", python]));
});

test("one that is not complete, or too old, is said to be so", async () => {
  expect((await find(dir)).trouble).toContain(`FACEFUSION_ROOT ${dir} is not a FaceFusion installation`);
  const { root, python } = standInFacefusion(join(dir, "old"), { version: "2.6.0", lacks: ["--jobs-path"] });
  expect((await find(root, python)).trouble).toContain("FaceFusion 2.6.0");
});
