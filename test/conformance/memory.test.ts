import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { manualClock } from "../support/manual-clock.ts";
import { filesSuite } from "./files.ts";
import { queueSuite } from "./queue.ts";
import { recordsSuite } from "./records.ts";

const close = async () => {};
const links = createLocalLinks(Buffer.alloc(32));

recordsSuite("memory", async () => {
  const clock = manualClock();
  return { records: memoryRecords({ clock }), clock, close };
});

filesSuite("memory", async () => {
  const clock = manualClock();
  return { files: memoryFiles({ clock, links }), clock, leftovers: async () => [], close };
});

queueSuite("memory", async () => {
  const clock = manualClock();
  return { queue: memoryQueue({ clock }), clock, close };
});
