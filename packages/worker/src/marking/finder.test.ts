/** What an engine has decoded is looked at in a thread. */
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MARK_KEYS, marker } from "../../../../test/support/signing.ts";
import type { EngineProcess } from "../process/engine-process.ts";
import { createFinder } from "./finder.ts";

const SIDE = 4 * TILE_SIDE;
const signal = new AbortController().signal;
let workRoot: string;
beforeAll(async () => {
  workRoot = await mkdtemp(join(tmpdir(), "smileloop-finder-"));
});
afterAll(() => rm(workRoot, { recursive: true, force: true }));

type Luma = { outputs: { luma: string } };

/** Answers `luma` with these samples. */
function engineOf(samples: Float32Array): Pick<EngineProcess, "request"> {
  const request = async ({ outputs }: Luma) => {
    writeFileSync(outputs.luma, Buffer.from(samples.buffer));
    return { pictures: [{ width: SIDE, height: SIDE }], timings: {} };
  };
  return { request } as unknown as Pick<EngineProcess, "request">;
}

async function lumaOf(id: string): Promise<{ samples: Float32Array; payload: number }> {
  const { order, watermark } = await marker.mark({ id, label: false });
  const tile = new Int8Array(Buffer.from(order.tile, "base64"));
  const at = (i: number) => tile[(Math.floor(i / SIDE) % TILE_SIDE) * TILE_SIDE + (i % TILE_SIDE)]!;
  const samples = Float32Array.from({ length: SIDE * SIDE }, (_, i) => 120 + at(i) / 16);
  return { samples, payload: watermark.payload };
}

const ask = (engine: Pick<EngineProcess, "request">, keys = MARK_KEYS) =>
  createFinder({ engine, keys: async () => keys, workRoot })("/a/file", { type: "image/jpeg", signal });

test("the mark of a job is found, with what leads to the job, and nothing stays behind", async () => {
  const { samples, payload } = await lumaOf("7".repeat(32));
  expect(await ask(engineOf(samples))).toEqual({ found: true, payload, keyId: MARK_KEYS[0]!.id });
  expect(await readdir(workRoot)).toEqual([]);
});

test("where there is none, none is found, nor is the file decoded where there is no key", async () => {
  expect(await ask(engineOf(new Float32Array(SIDE * SIDE).fill(120)))).toEqual({ found: false });
  const never = { request: () => Promise.reject(new Error("asked")) } as unknown as Pick<EngineProcess, "request">;
  expect(await ask(never, [])).toEqual({ found: false });
});

test("what is not as long as it was said to be is refused by the thread", async () => {
  await expect(ask(engineOf(new Float32Array(10)))).rejects.toThrow(/could not be looked for: the luma has 40 bytes/);
});

test("what the engine says of the file is passed on", async () => {
  const request = () => Promise.reject(new AppError("input_unreadable", "It is damaged."));
  const engine = { request } as unknown as Pick<EngineProcess, "request">;
  await expect(ask(engine)).rejects.toMatchObject({ code: "input_unreadable" });
});
