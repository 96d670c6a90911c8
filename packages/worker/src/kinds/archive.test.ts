import { s3Files } from "@smileloop/core/files/s3.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { newJobRecord } from "@smileloop/core/job/record.ts";
import { unzipSync } from "fflate";
import { afterEach, expect, test, vi } from "vitest";
import { codeOf } from "../../../../test/conformance/cases.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import { unsigned } from "../../../../test/support/signing.ts";
import { createStoreIo } from "../job-io.ts";
import { storeArchive } from "./archive.ts";

const FILE_BYTES = 5_000_000;

afterEach(() => vi.unstubAllEnvs());

async function open() {
  const home = await openBucket();
  const files = s3Files(home);
  const id = newId(home.clock.now());
  const job = { id, owner: "ann", kind: "bench", queue: "plans", engine: null, estimateSeconds: 1, params: {} };
  const record = { ...newJobRecord({ ...job, metadata: {}, inputs: {} }, home.clock.now()), attempt: 1 };
  const entries = [1, 2, 3].map((n) => {
    const key = outputKey("ann", `${id}.${n}`, 1, "video.mp4");
    home.double.store.put(key, { body: Buffer.alloc(FILE_BYTES, `${n}`), type: "video/mp4", metadata: {} }, {});
    return { name: `राम (${n}).mp4`, file: { key, bytes: FILE_BYTES } };
  });
  const io = createStoreIo({
    signing: unsigned,
    marking: null,
    files,
    record,
    dir: "/nowhere",
    signal: new AbortController().signal,
  });
  return { ...home, files, io, entries };
}

test("an archive goes from S3 to S3 in parts, and needs no disk", async () => {
  const { io, entries, double, close } = await open();
  try {
    vi.stubEnv("TMPDIR", "/nowhere");
    const all = [...entries, { name: "report.csv", bytes: Buffer.from("row,name\r\n") }];
    // as many as the client itself repeats, and one that it meets half-way
    double.faults.add("UploadPart", ["internal", "lost_reply"]);
    double.faults.add("GetObject", ["half_reply"]);
    const { key, bytes } = await storeArchive(io, "archive", all, 0);
    const stored = double.store.get(key)!;
    expect([stored.body.length, stored.etag.endsWith("-2")]).toEqual([bytes, true]);
    const unpacked = unzipSync(stored.body);
    expect(Object.keys(unpacked)).toEqual(all.map(({ name }) => name));
    for (const [nth, { name }] of entries.entries()) {
      expect(Buffer.compare(unpacked[name]!, Buffer.alloc(FILE_BYTES, `${nth + 1}`)), name).toBe(0);
    }
    const again = await storeArchive(io, "again", all, 0);
    expect(Buffer.compare(double.store.get(again.key)!.body, stored.body)).toBe(0);
  } finally {
    await close();
  }
});

test("an archive one of whose files is gone or changed is not stored", async () => {
  const { io, entries, double, close } = await open();
  try {
    const [first, second, third] = entries as [(typeof entries)[0], (typeof entries)[0], (typeof entries)[0]];
    double.store.put(second.file.key, { body: Buffer.alloc(9), type: "video/mp4", metadata: {} }, {});
    expect(await codeOf(() => storeArchive(io, "archive", [first, second], 0))).toBe("internal");
    double.store.remove(third.file.key);
    expect(await codeOf(() => storeArchive(io, "archive", [first, third], 0))).toBe("not_found");
    expect(double.store.unfinished.size).toBe(0);
    expect(double.store.keys().filter((key) => key.includes("archive"))).toEqual([]);
  } finally {
    await close();
  }
});
