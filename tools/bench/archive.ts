/** The archive of a batch on the disk home, in how much memory and time. */
import type { Part } from "./measure.ts";
import { asTheServer } from "./server-memory.ts";

export const archive: Part = { name: "archive", figures: () => asTheServer("archive-figures.ts") };
