/** The thread of `read-aside.ts`: reads one list, and hands it out in parts. */
import { parentPort, workerData } from "node:worker_threads";
import type { ListPart, ListToRead } from "./read-aside.ts";
import { readRecipients } from "./recipients.ts";

/** A part is unpacked by the thread that takes it in one go: of the widest rows, some ms. */
const ROWS_AT_ONCE = 50;

const { bytes, options } = workerData as ListToRead;
const reading = readRecipients(bytes, options);
let given = 0;

parentPort!.on("message", async () => {
  const { rows, ...rest } = await reading;
  const part: ListPart = {
    rows: rows.slice(given, given + ROWS_AT_ONCE),
    rest: given + ROWS_AT_ONCE < rows.length ? null : rest,
  };
  given += ROWS_AT_ONCE;
  parentPort!.postMessage(part);
});
