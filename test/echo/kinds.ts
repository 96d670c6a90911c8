/** Two kinds that no product has: `echo` makes a text of a sound, `echo_all` is a plan of three echoes. */
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { secondsOf } from "@smileloop/core/kinds/inputs.ts";
import type { KindDefinition, KindEntry } from "@smileloop/core/kinds/kind.ts";
import { z } from "zod";

const sound: Slot = {
  noun: "sound",
  media: ["audio"],
  maxBytes: 1024 * 1024,
  maxSeconds: 60,
  files: { min: 1, max: 1 },
};
/** `pause_ms`: how long an echo takes. */
const params = z.strictObject({ word: z.string().max(100), pause_ms: z.int().min(0).max(60_000).default(0) });
export type EchoParams = z.infer<typeof params>;

const describe = (title: string, outputs: string[]): KindDefinition => ({
  title,
  slots: { sound },
  params: params as unknown as KindDefinition["params"],
  outputs,
  estimateSeconds: (_params, inputs) => secondsOf(inputs, "sound") ?? 1,
});

export const echo: KindEntry = {
  name: "echo",
  worker: "engine",
  define: () => describe("A sound becomes a text", ["text"]),
};

export const echoAll: KindEntry = {
  name: "echo_all",
  worker: "plan",
  define: () => describe("A sound becomes three texts in one", ["texts"]),
};
