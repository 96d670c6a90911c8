/** Files of a job's children in one ZIP: stored as they are, since videos do not get smaller, and never held as a whole. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { JobOutput } from "@smileloop/core/job/record.ts";
import { makeZip, predictLength } from "client-zip";
import type { StoreIo } from "../job-io.ts";

/** `name`: in the archive, in any script. */
export type ArchiveEntry = { name: string } & ({ file: Pick<JobOutput, "key" | "bytes"> } | { bytes: Uint8Array });

/** `atMs`: what the entries are dated; the same entries and date are the same bytes. Throws what the storage throws. */
export async function storeArchive(
  io: Pick<StoreIo, "read" | "storeStream">,
  output: string,
  entries: readonly ArchiveEntry[],
  atMs: number,
): Promise<JobOutput> {
  const lastModified = new Date(atMs);
  async function* files() {
    for (const entry of entries) {
      const input = "file" in entry ? await io.read(entry.file) : entry.bytes;
      yield { name: entry.name, input, lastModified, size: sizeOf(entry) };
    }
  }
  const bytes = Number(predictLength(entries.map((entry) => ({ name: entry.name, size: sizeOf(entry) }))));
  try {
    return await io.storeStream(output, () => makeZip(files()), { type: "application/zip", bytes });
  } catch (error) {
    if (!hasCode(error, "invalid_request")) throw error;
    throw new AppError("internal", `The archive does not have the ${bytes} bytes of its entries.`, { cause: error });
  }
}

function sizeOf(entry: ArchiveEntry): number {
  return "file" in entry ? entry.file.bytes : entry.bytes.byteLength;
}
