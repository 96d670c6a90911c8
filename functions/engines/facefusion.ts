/** `facefusion`: the operator's installation of FaceFusion on this machine, run by its command line, one process for each job. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Env } from "@smileloop/core/env.ts";
import { z } from "zod";
import type { Engine, Finding } from "./engine.ts";
import { LOOKS, NODE_FLAGS, nodeEngine, nodeHelper } from "./node-engine.ts";

const NAME = "facefusion";
const KINDS = ["process_image", "process_video"];
/** The list in core/faces/processors.ts: all that an installation with all its models can do. */
const PROCESSORS = [
  "age_modifier",
  "deep_swapper",
  "expression_restorer",
  "face_debugger",
  "face_editor",
  "face_enhancer",
  "face_swapper",
  "frame_colorizer",
  "frame_enhancer",
  "lip_syncer",
];
/** It asks the installation twice, each of which may take that long on a busy machine; Python imports for seconds. */
const LOOK_MS = 250_000;
/** The engine ends runs that take too long for their frames (facefusion/steps.ts); this is for an engine that hangs itself. */
const REQUEST_MS = 6 * 3_600_000;
const lookSchema = z.union([z.object({ trouble: z.string() }), z.object({ processors: z.array(z.string()) })]);

export const facefusion: Engine = {
  name: NAME,
  kinds: KINDS,
  capabilities: PROCESSORS,
  queues: [NAME],
  meanSeconds: 30,
  unset: "FACEFUSION_ROOT: the installation of FaceFusion is missing",
  find: findFacefusion,
};

/** Starts the installation twice, for its version and its help. */
async function findFacefusion(env: Env): Promise<Finding> {
  if (env.FACEFUSION_ROOT === undefined) return { engine: null, trouble: null };
  const { FACEFUSION_PYTHON: python, LD_LIBRARY_PATH: libraries } = env;
  const args = [
    ...[...NODE_FLAGS, fileURLToPath(import.meta.resolve("@smileloop/engine/facefusion/host.ts"))],
    ...["--root", resolve(env.FACEFUSION_ROOT)],
    ...(python === undefined ? [] : ["--python", python]),
    ...(libraries === undefined ? [] : ["--libraries", libraries]),
  ];
  const found = await look(args);
  if ("trouble" in found) return { engine: null, trouble: found.trouble };
  const own = libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries };
  return {
    engine: {
      queueName: NAME,
      source: "compositeWithTrainedAlgorithmicMedia",
      engineCommand: { command: process.execPath, args, env: own },
      checkerCommand: nodeEngine({ checks: KINDS, services: LOOKS, env: own }),
      helpers: [nodeHelper(["film"], own)],
      // models take most of a graphics card's memory
      slots: 1,
      engineLimits: { rssBytes: 16 * 1024 ** 3, cancelMs: 10_000, requestMs: REQUEST_MS },
    },
    trouble: null,
    capabilities: found.processors,
  };
}

async function look(args: string[]): Promise<z.infer<typeof lookSchema>> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...args, "--look"], { timeout: LOOK_MS, env: {} });
    return lookSchema.parse(JSON.parse(stdout));
  } catch (error) {
    return {
      trouble: `FACEFUSION_ROOT: the installation could not be looked at: ${(error as Error).message.slice(0, 200)}`,
    };
  }
}
