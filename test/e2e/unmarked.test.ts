/** An engine that takes the order of a mark and draws none: the worker finds out, from the file alone, and stores nothing. */
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeEngine } from "../../functions/engines/node-engine.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { openShop, type Shop } from "../support/worker.ts";

const FORGETFUL = fileURLToPath(new URL("../support/forgetful-engine.ts", import.meta.url));
const CLIP = { preset: "smile", size: 512, fps: 10, duration: 1, intensity: 1 };

let shop: Shop;
beforeEach(() => {
  shop = openShop({ portrait: readFileSync(ASTRONAUT) });
});
afterEach(() => rmSync(shop.dir, { recursive: true }));

/** The record and the stored files of a job that this engine has done; a process of its own checks what comes out. */
async function doneBy(engineCommand: EngineCommand) {
  const checkerCommand = nodeEngine({ checks: ["animate"], services: ["cast"] });
  const worker = shop.worker({ engineCommand, checkerCommand });
  const running = worker.run();
  const { id } = await shop.job({}, CLIP);
  const record = await shop.ended(id);
  await Promise.all([worker.stop({ graceMs: 0 }), running]);
  return { record, stored: await shop.stored() };
}

const engine = () => nodeEngine({ kinds: ["animate"] });

test("each attempt fails with `marking_failed`, and nothing of it is stored", async () => {
  const { command, args, env } = engine();
  const { record, stored } = await doneBy({ command, args: [FORGETFUL, ...args], env });
  expect(record).toMatchObject({ state: "failed", attempt: 3, failures: 3, error: { code: "marking_failed" } });
  const codes = record.attempts.map(({ error }) => error?.code);
  expect(codes).toEqual(["marking_failed", "marking_failed", "marking_failed"]);
  expect(stored.filter((name) => name.startsWith("out/"))).toEqual([]);
});

test("the same engine succeeds where the order reaches it", async () => {
  const { record, stored } = await doneBy(engine());
  expect(record).toMatchObject({ state: "succeeded", attempt: 1, error: null });
  expect(stored.some((name) => name.startsWith("out/"))).toBe(true);
});
