/** What an operator is told of the process that serves the API, beyond its ports. */
import { z } from "@hono/zod-openapi";
import type { Room } from "@smileloop/core/storage/disk-room.ts";

/** Of an engine that works in this process. */
export const engineStateSchema = z.object({
  name: z.string(),
  queue: z.string(),
  state: z.string().openapi({ description: "`ok`, or a sentence that says what is wrong." }),
  version: z.string().nullable().openapi({ description: "Null until its process has said it." }),
  slots: z.int().openapi({ description: "How many jobs it runs at a time." }),
  busy: z.int().openapi({ description: "How many it runs now." }),
  memory_bytes: z.int().nullable().openapi({ description: "Resident memory of its processes; null where unknown." }),
});
export type EngineState = z.infer<typeof engineStateSchema>;

/** One number of `/metrics`, summed over all labels but `label`. */
export const figureSchema = z.object({ name: z.string(), label: z.string().nullable(), value: z.number() });
export type Figure = z.infer<typeof figureSchema>;

/** A part that is absent is not known where this API runs, and the view says so. */
export type Observed = {
  engines?: (() => Promise<EngineState[]>) | undefined;
  room?: (() => Promise<Room>) | undefined;
  figures?: (() => Promise<Figure[]>) | undefined;
};
