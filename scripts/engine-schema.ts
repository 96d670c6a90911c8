/**
 * `node scripts/engine-schema.ts`: writes the engine protocol's requests as JSON Schema, for engines in other languages. What is in
 * the repository has to be what this writes (test/container/engine.test.ts).
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cancelSchema, requestSchema } from "@smileloop/core/engine/protocol.ts";
import { SERVICES } from "@smileloop/core/engine/services.ts";
import { TASKS } from "@smileloop/core/engine/tasks/index.ts";
import { motionFramesSchema } from "@smileloop/core/motion/motion.ts";
import { z } from "zod";

export const SCHEMA_FILE = fileURLToPath(new URL("../gpu-container/liveportrait/schema.json", import.meta.url));

/** `requests` by name: `run:<kind>`, `check:<kind>`, or the name of a service. `motion`: what a motion's file holds. */
export function engineSchema(): string {
  const tasks = Object.entries(TASKS).flatMap(([kind, { run, check }]) => [
    [`run:${kind}`, run] as const,
    [`check:${kind}`, check] as const,
  ]);
  const services = Object.entries(SERVICES).map(([name, { request }]) => [name, request] as const);
  const requests = [...tasks, ...services].map(([name, schema]) => [name, z.toJSONSchema(schema)]);
  const all = {
    envelope: z.toJSONSchema(requestSchema),
    cancel: z.toJSONSchema(cancelSchema),
    motion: z.toJSONSchema(motionFramesSchema),
    requests: Object.fromEntries(requests),
  };
  return `${JSON.stringify(all)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(SCHEMA_FILE, engineSchema());
