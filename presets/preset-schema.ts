/** Writes `preset.schema.json`, which editors use to help with presets; a test holds that it is up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { presetSchema } from "@smileloop/core/motion/preset.ts";
import { z } from "zod";

const FILE = new URL("./preset.schema.json", import.meta.url);

export function presetJsonSchema(): unknown {
  return z.toJSONSchema(presetSchema, { io: "input" });
}

export function writtenSchema(): unknown {
  return JSON.parse(readFileSync(FILE, "utf8"));
}

if (import.meta.main) writeFileSync(FILE, `${JSON.stringify(presetJsonSchema(), null, 2)}\n`);
