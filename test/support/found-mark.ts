/** The invisible mark of a file that a server hands out: read from the pixels alone, as no signature or metadata can say it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FoundMark } from "@smileloop/core/marking/mark.ts";
import { findMark } from "@smileloop/worker/marking/find.ts";
import { readMarkKeys } from "@smileloop/worker/marking/key.ts";
import { pictureOf } from "../../tools/quality/marks/figures.ts";
import type { Job } from "./client.ts";

/** `dataDir`: of the server, whose key the mark was made with. */
export async function foundMark(job: Job, output: string, dataDir: string): Promise<FoundMark> {
  const reply = await fetch(job.outputs[output]!.url);
  const type = reply.headers.get("content-type") ?? "";
  const dir = mkdtempSync(join(tmpdir(), "smileloop-found-"));
  try {
    const path = join(dir, "file");
    writeFileSync(path, new Uint8Array(await reply.arrayBuffer()));
    const keys = readMarkKeys(readFileSync(join(dataDir, "mark.key"), "utf8"));
    return findMark(await pictureOf({ path, type }), keys);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What `foundMark` answers where the file carries the mark that its job's record says. */
export function markOf(job: Job, output: string): FoundMark {
  const { key, payload } = job.outputs[output]!.mark!.watermark!;
  return { found: true, keyId: key, payload };
}
