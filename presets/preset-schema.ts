/** Writes `preset.schema.json`, which editors use to help with presets; a test holds that it is up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { presetSchema } from "@smileloop/core/preset.ts";
import { z } from "zod";

const FILE = new URL("./preset.schema.json", import.meta.url);

export function presetJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(presetSchema, { io: "input" }), null, 2)}\n`;
}

export function writtenSchema(): string {
  return readFileSync(FILE, "utf8");
}

if (import.meta.main) writeFileSync(FILE, presetJsonSchema());
