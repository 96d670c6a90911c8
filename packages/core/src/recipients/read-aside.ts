/**
 * Reads lists of recipients on a thread beside. The largest that are accepted take seconds, in which the caller's thread has others to answer.
 * It takes the rows in parts, and looks after the others between them.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { takingTurns } from "../concurrent.ts";
import type { Recipients, RecipientsOptions } from "./recipients.ts";

/** What the thread is given. */
export type ListToRead = { bytes: Uint8Array; options: RecipientsOptions };
/** What it answers, one part after each message that it gets: the rest comes with the last of the rows. */
export type ListPart = Pick<Recipients, "rows"> & { rest: Omit<Recipients, "rows"> | null };

/** Lists that are read at a time. */
const AT_ONCE = 2;
const turn = takingTurns(AT_ONCE);

/** As `readRecipients`. */
export function readRecipientsAside(bytes: Uint8Array, options: RecipientsOptions): Promise<Recipients> {
  return turn(async () => {
    const workerData: ListToRead = { bytes, options };
    const thread = new Worker(new URL("./list-thread.ts", import.meta.url), { workerData, env: {} });
    const broken = new Promise<never>((_, reject) => thread.once("error", reject));
    broken.catch(() => {});
    try {
      const rows: Recipients["rows"] = [];
      for (;;) {
        thread.postMessage("next");
        const [part] = (await Promise.race([once(thread, "message"), broken])) as [ListPart];
        rows.push(...part.rows);
        if (part.rest) return { ...part.rest, rows };
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      await thread.terminate();
    }
  });
}
