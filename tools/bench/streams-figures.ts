/**
 * A gigabyte that a job stores while it is made, and reads as it comes: in how much memory. On disk, and to an S3 that takes
 * everything and keeps nothing, in another process. Prints figures as JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import type { Files } from "@smileloop/core/files.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createStoreIo } from "@smileloop/worker/job-io.ts";
import { unsigned } from "../../test/support/signing.ts";
import { type Figure, timed, watchMemory } from "./measure.ts";

const BYTES = 1e9;
const CHUNK = Buffer.alloc(250_000, "clip ");
const TARGET_MB = 50;

async function figures(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  const sink = spawn(process.execPath, ["-e", SINK], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = (await once(sink.stdout, "data")) as [Buffer];
    const credentials = { accessKeyId: "x", secretAccessKey: "y" };
    const client = createS3Client({ region: "us-east-1", endpoint: `http://127.0.0.1:${port}`, credentials });
    const disk = diskFiles({ dir, clock, links: createLocalLinks(Buffer.alloc(32)) });
    const s3 = s3Files({ client, bucket: "sink", clock });
    const found = [...(await passed("disk", disk, dir, true)), ...(await passed("S3", s3, dir, false))];
    client.destroy();
    return found;
  } finally {
    sink.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function passed(home: string, files: Files, dir: string, readsBack: boolean): Promise<Figure[]> {
  const { signal } = new AbortController();
  const record = { owner: "ann", id: newId(clock.now()), attempt: 1 } as JobRecord;
  const io = createStoreIo({ signing: unsigned, marking: null, files, record, dir, signal });
  const body = async function* () {
    for (let at = 0; at < BYTES; at += CHUNK.length) yield CHUNK;
  };
  const memory = watchMemory();
  const [ms = 0] = await timed(1, async () => {
    const output = await io.storeStream("archive", body, { type: "application/zip" });
    if (output.bytes !== BYTES) throw new Error(`${output.bytes} bytes were stored.`);
    if (!readsBack) return;
    let bytes = 0;
    for await (const chunk of await io.read(output)) bytes += chunk.byteLength;
    if (bytes !== BYTES) throw new Error(`${bytes} bytes were read.`);
  });
  const what = readsBack ? "stored and read" : "stored";
  // the process keeps what it has grown by
  const note = readsBack ? {} : { note: "beyond what the disk took" };
  return [
    { name: `1 GB ${what}, ${home}: memory`, unit: "MB", value: memory.stop() / 1e6, target: TARGET_MB, ...note },
    { name: "  its time", unit: "s", value: ms / 1000, target: null },
  ];
}

/** Also of parts, of which a client has to be told under which name they go together. */
const SINK = `
const server = require("node:http").createServer((request, response) => {
  const xml = request.method === "POST" ? "<R><UploadId>sunk</UploadId><ETag>sunk</ETag></R>" : "";
  request.resume().on("end", () => response.writeHead(200, { ETag: '"sunk"' }).end(xml));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(String(server.address().port)));
`;

process.stdout.write(JSON.stringify(await figures()));
