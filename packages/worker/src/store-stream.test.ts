/** Files that pass through a job without a disk: read as they come, stored as they are made. */
import { tmpdir } from "node:os";
import { systemClock } from "@smileloop/core/clock.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import type { Files } from "@smileloop/core/files.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { attemptPrefix, inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { codeOf, collect } from "../../../test/conformance/cases.ts";
import { HOMES, type Home } from "../../../test/support/homes.ts";
import { openBucket } from "../../../test/support/s3.ts";
import { unsigned } from "../../../test/support/signing.ts";
import { createStoreIo } from "./job-io.ts";

const links = createLocalLinks(Buffer.alloc(32));
const clock = systemClock;
const { signal } = new AbortController();
const record = { owner: "ann", id: newId(0), attempt: 2 } as JobRecord;
const type = "application/zip";
const DATA = Buffer.alloc(700_000, "portraits ");

const ioOf = (files: Files) =>
  createStoreIo({ signing: unsigned, marking: null, files, record, dir: tmpdir(), signal });
async function* body() {
  for (let at = 0; at < DATA.length; at += 60_000) yield DATA.subarray(at, at + 60_000);
}
const joined = async (chunks: AsyncIterable<Uint8Array>) => Buffer.concat(await collect(chunks));
const storedKeys = async (files: Files) =>
  (await collect(files.list(attemptPrefix("ann", record.id, 2)))).map(({ key }) => key);

describe.each(Object.keys(HOMES))("through %s", (name) => {
  let home: Home;
  beforeEach(async () => {
    home = await HOMES[name]!();
  });
  afterEach(() => home.close());

  it("goes what is read and stored", async () => {
    const io = ioOf(home.files);
    const output = await io.storeStream("archive", body, { type, duration: 1.00049 });
    const key = outputKey("ann", record.id, 2, "archive.zip");
    const sha256 = sha256Hex(DATA);
    const mark = { c2pa: null, unsigned: "type" };
    expect(output).toEqual({ key, type, attempt: 2, bytes: DATA.length, sha256, duration: 1, mark });
    const chunks = await io.read(output);
    const again = await io.storeStream("copy", () => chunks, { type });
    expect(again.sha256).toBe(sha256);
    expect(Buffer.compare(await joined(await io.read(again)), DATA)).toBe(0);
  });

  it("nothing is seen of what breaks off, and its error is passed on", async () => {
    const broken = async function* () {
      yield DATA;
      throw new Error("a child is gone");
    };
    const io = ioOf(home.files);
    expect(await codeOf(() => io.storeStream("archive", broken, { type }))).toBe("Error: a child is gone");
    expect(await storedKeys(home.files)).toEqual([]);
    await expect(io.storeStream("../archive", body, { type })).rejects.toThrow("cannot be called");
  });

  it("what has another length, or is not there, is an error before anything is read", async () => {
    const io = ioOf(home.files);
    const key = inputKey("ann", record.id, "sound");
    expect(await codeOf(() => io.read({ key, bytes: 5 }))).toBe("not_found");
    await home.files.put(key, body(), { type });
    expect(await codeOf(() => io.read({ key, bytes: DATA.length - 1 }))).toBe("internal");
    for await (const chunk of await io.read({ key, bytes: DATA.length })) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
  });
});

test("what is read goes on where the storage breaks off, and is stored once though replies are lost", async () => {
  const { client, bucket, clock, double, close } = await openBucket();
  try {
    const io = ioOf(s3Files({ client, bucket, clock }));
    // more than the client itself repeats
    double.faults.add("PutObject", Array(3).fill("lost_reply"));
    const output = await io.storeStream("archive", body, { type });
    expect(output).toMatchObject({ bytes: DATA.length, sha256: sha256Hex(DATA) });
    double.faults.add("GetObject", ["half_reply", "half_reply"]);
    expect(Buffer.compare(await joined(await io.read(output)), DATA)).toBe(0);
    expect(double.faults.left).toBe(0);
  } finally {
    await close();
  }
});

test("what is stored is made again from the start after a failure", async () => {
  const files = memoryFiles({ clock, links });
  let failures = 2;
  const put: Files["put"] = async (key, chunks, options) => {
    if (failures-- > 0) {
      await joined(chunks);
      throw new AppError("storage_unavailable", "away");
    }
    return files.put(key, chunks, options);
  };
  const output = await ioOf({ ...files, put }).storeStream("archive", body, { type });
  expect(output.sha256).toBe(sha256Hex(DATA));
});
