/** A server's folder after its process was killed in the middle of writing, at moments drawn by a seed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { jobRecordSchema } from "@smileloop/core/job/record.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { openDataDir } from "@smileloop/core/storage/data-dir.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newRecord } from "../conformance/records.ts";
import { killed, until } from "../support/processes.ts";

const WRITER = join(import.meta.dirname, "..", "support", "disk-writer.ts");
const OWNER = "ann";
const KILLS = 12;
/** Of the writer, before it is killed. */
const MOST_ANSWERS = 60;
/** The chunks of a file, as the writer makes them. */
const WHOLE = Buffer.concat(Array.from({ length: 10 }, (_, i) => Buffer.alloc(30_000, i + 1)));

let dir: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop-"));
});
afterEach(async () => {
  await kill();
  await rm(dir, { recursive: true, force: true });
});

test("after kill -9 everything that was answered is there, whole, and writing goes on at once", async ({ signal }) => {
  const random = generator(7);
  /** The newest revision and the files that were ever seen of a job. */
  const known = new Map<string, { rev: number; files: Set<number> }>();
  for (let round = 0; round < KILLS; round++) {
    const answered = await startWriter(signal);
    // so many answers, and then somewhere in the next writes
    const answers = Math.floor(random() * MOST_ANSWERS);
    await until(() => answered().length >= answers);
    await delay(random() * 15);
    await kill();
    for (const line of answered()) {
      const [id = "", rev = "", attempt] = line.split(" ");
      const seen = known.get(id) ?? { rev: 0, files: new Set() };
      if (attempt) seen.files.add(Number(attempt));
      known.set(id, { ...seen, rev: Math.max(seen.rev, Number(rev)) });
    }
    await checkFolder(known);
  }
  expect(known.size).toBeGreaterThan(KILLS);
});

test("a folder serves one server at a time, and the next as soon as that one was killed", async () => {
  await startWriter();
  await expect(openDataDir(dir)).rejects.toThrow(
    /is in use by another SmileLoop server. Stop that server and wait .*, or choose/,
  );
  await kill();
  const first = await openDataDir(dir);
  await expect(openDataDir(dir)).rejects.toMatchObject({ code: "storage_unavailable" });
  first.close();
  const second = await openDataDir(dir);
  second.close();
  expect(second.secret).toEqual(first.secret);
  if (process.platform !== "win32") expect((await stat(join(dir, "secret"))).mode & 0o777).toBe(0o600);
});

test("folders that cannot be are refused with a sentence", async () => {
  await writeFile(join(dir, "file"), "");
  const places = [join(dir, "file"), join(dir, "file", "below"), ...(process.platform === "linux" ? ["/proc/x"] : [])];
  for (const place of places) {
    await expect(openDataDir(place), place).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(
        / (cannot be created: .* \(E[A-Z]+\)|is a file, not a folder)\. Choose another folder with DATA_DIR\.$/,
      ),
    });
  }
});

async function checkFolder(known: Map<string, { rev: number; files: Set<number> }>): Promise<void> {
  const held = await openDataDir(dir);
  try {
    const records = diskRecords({ dir, clock: systemClock });
    const files = diskFiles({ dir, clock: systemClock, links: createLocalLinks(held.secret) });
    const listed = await allRecords(records);
    for (const record of listed) expect(jobRecordSchema.parse(record)).toEqual(record);
    const revs = new Map(listed.map(({ id, rev }) => [id, rev]));
    for (const [id, { rev }] of known) expect(revs.get(id), id).toBeGreaterThanOrEqual(rev);

    const keys = new Set<string>();
    for await (const { key, bytes } of files.list("")) {
      keys.add(key);
      expect(key).toMatch(/^jobs\/ann\/[0-9a-f]{44}\/out\/\d\/video\.mp4$/);
      expect(bytes).toBe(WHOLE.length);
    }
    for (const [id, seen] of known) {
      for (const attempt of seen.files) expect(keys).toContain(outputKey(OWNER, id, attempt, "video.mp4"));
    }
    // the newest come first: those that the kill may have struck
    for (const { id } of listed.slice(0, 2)) {
      for (const key of [1, 2, 3, 4].map((attempt) => outputKey(OWNER, id, attempt, "video.mp4"))) {
        if (!keys.has(key)) continue;
        const { body } = await files.get(key);
        expect(WHOLE.equals(Buffer.from(await new Response(body).arrayBuffer())), key).toBe(true);
      }
    }

    const [newest] = listed;
    if (newest) {
      const stored = (await records.get(OWNER, newest.id))!;
      const changed = { ...stored.record, rev: stored.record.rev + 1, write: "parent" };
      await records.replace(changed, stored.etag);
      known.set(newest.id, { files: known.get(newest.id)?.files ?? new Set(), rev: changed.rev });
    }
    const own = newRecord(Date.now(), OWNER);
    await records.create(own);
    await files.put(outputKey(OWNER, own.id, 1, "video.mp4"), chunks(), { type: "video/mp4" });
    known.set(own.id, { rev: 1, files: new Set([1]) });
  } finally {
    held.close();
  }
}

async function allRecords(records: ReturnType<typeof diskRecords>) {
  const all = [];
  let cursor: string | null | undefined;
  do {
    const page = await records.list(OWNER, { limit: 100, ...(cursor ? { cursor } : {}) });
    all.push(...page.records);
    cursor = page.cursor;
  } while (cursor);
  return all;
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield WHOLE;
}

/** Answers, once it writes, what gives the whole lines that it has printed. `signal`: of a test that is over. */
async function startWriter(signal?: AbortSignal): Promise<() => string[]> {
  signal?.throwIfAborted();
  const started = spawn(process.execPath, [WRITER, dir], { stdio: ["ignore", "pipe", "inherit"] });
  child = started;
  let text = "";
  started.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  while (!text.startsWith("ready\n")) {
    if (started.exitCode !== null || started.signalCode !== null) {
      throw new Error(`The writer ended with ${started.exitCode ?? started.signalCode}.`);
    }
    await Promise.race([once(started.stdout, "data"), once(started, "exit")]);
  }
  return () => text.split("\n").slice(1, -1);
}

async function kill(): Promise<void> {
  if (child) await killed(child);
  child = undefined;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
