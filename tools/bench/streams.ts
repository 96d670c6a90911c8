/** A gigabyte that a job stores while it is made, and reads as it comes: in how much memory. */
import type { Part } from "./measure.ts";
import { asTheServer } from "./server-memory.ts";

export const streams: Part = { name: "streams", figures: () => asTheServer("streams-figures.ts") };
