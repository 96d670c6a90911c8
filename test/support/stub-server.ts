/** A server that has one engine at work; started by tests that kill it. Arguments: a folder for it, the stub's behaviour. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLog } from "@smileloop/core/log.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { z } from "zod";
import { provenance } from "./provenance.ts";

const [dir = "", behaviour = "hang"] = process.argv.slice(2);
const path = join(dir, "image.jpg");
writeFileSync(path, JSON.stringify({ run: behaviour }));
const engine = createEngineProcess({
  command: process.execPath,
  args: [fileURLToPath(new URL("stub-engine.ts", import.meta.url))],
  name: "stub",
  workRoot: dir,
  log: createLog({ level: "silent" }),
});
await engine.ready();
let child = "";
const asked = engine.request(
  {
    type: "run",
    kind: "animate",
    inputs: { image: [{ path, type: "image/jpeg" }] },
    motion: { fps: 25, frames: 1, faces: [{ channels: {} }] },
    outputs: { video: join(dir, "video.mp4") },
    provenance,
  },
  {
    result: z.unknown(),
    timeoutMs: 60_000,
    onProgress: ({ stage }) => {
      if (behaviour === "family") child = stage;
      process.stdout.write(`${engine.pid()} ${child}\n`);
    },
  },
);
await asked.catch(() => {});
