import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newRecord } from "../../../../test/conformance/records.ts";
import { systemClock } from "../clock.ts";
import { diskFiles } from "../files/disk.ts";
import { newId } from "../job/ids.ts";
import { inputKey } from "../job/keys.ts";
import { diskRecords } from "../records/disk.ts";
import { openDataDir } from "./data-dir.ts";
import { roomOf } from "./disk-room.ts";
import { errno } from "./durable-files.ts";
import { createLocalLinks } from "./local-links.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const messageOf = (path: string) =>
  openDataDir(path).then(
    ({ close }) => close(),
    (error: Error) => error.message,
  );

test("a damaged secret is refused with what to do about it", async () => {
  (await openDataDir(dir)).close();
  writeFileSync(join(dir, "secret"), "short");
  expect(await messageOf(dir)).toBe(
    `${dir} cannot be used: its file \`secret\` is damaged. Remove that file (links that were handed out end with it), ` +
      "or choose another folder with DATA_DIR.",
  );
});

test("a folder is held until it is closed, also when nothing refers to it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await openDataDir(dir).then(({ secret }) => secret);
  for (let turn = 0; turn < 5; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await messageOf(dir)).toContain("is in use by another SmileLoop server");
});

test.skipIf(process.platform !== "linux")("a folder that cannot be created is refused with the reason", async () => {
  expect(await messageOf("/proc/x")).toBe(
    "/proc/x cannot be created: nothing can be created there (ENOENT). Choose another folder with DATA_DIR.",
  );
});

test("only failed system calls have an errno", () => {
  const withCode = (code: string) => Object.assign(new Error(), { code });
  expect(["ENOENT", "E2BIG"].map((code) => errno(withCode(code)))).toEqual(["ENOENT", "E2BIG"]);
  for (const code of ["storage_unavailable", "ERR_SQLITE_ERROR"]) expect(errno(withCode(code))).toBeUndefined();
});

/** All names below that others may look into, with their modes. */
function open(): string[] {
  const names = [".", ...(readdirSync(dir, { recursive: true }) as string[])];
  return names
    .map((name) => [name, statSync(join(dir, name))] as const)
    .filter(([, stat]) => (stat.mode & 0o777) !== (stat.isDirectory() ? 0o700 : 0o600))
    .map(([name, stat]) => `${name} ${(stat.mode & 0o777).toString(8)}`);
}

describe.skipIf(process.platform === "win32")("other users of the machine", () => {
  test("see nothing that is made there, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      const { secret, close } = await openDataDir(dir);
      const records = diskRecords({ dir, clock: systemClock });
      const files = diskFiles({ dir, clock: systemClock, links: createLocalLinks(secret) });
      const record = newRecord(systemClock.now());
      await records.create(record);
      await records.timers.arm({ atMs: 0, owner: "ann", id: record.id });
      await records.keys.claim("ann", "ab".repeat(32), { job: record.id, bodySha256: "x" });
      const body = (async function* () {
        yield Buffer.from("data");
      })();
      await files.put(inputKey("ann", record.id, "image"), body, { type: "image/png" });
      close();
      expect(open()).toEqual([]);
    } finally {
      process.umask(before);
    }
  });

  test("see nothing that an earlier version has left open to them; what is not ours stays as it is", async () => {
    const folder = join(dir, "jobs", "ann", newId(0));
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(dir, "photos"));
    writeFileSync(join(folder, "job.1.json"), "{}");
    writeFileSync(join(dir, "mine.sh"), "");
    for (const path of [dir, join(dir, "jobs"), folder, join(dir, "photos"), join(dir, "mine.sh")])
      chmodSync(path, 0o755);
    (await openDataDir(dir)).close();
    expect(open().sort()).toEqual(["mine.sh 755", "photos 755"]);
  });
});

describe("room on the disk", () => {
  test.each([
    [500e9, 8e12, false, "ok"],
    [300e6, 10e9, false, "ok"],
    [199e6, 1e9, false, "The disk is nearly full: 199 MB of 1000 MB are free."],
    [1e9, 100e9, false, "The disk is nearly full: 1000 MB of 100000 MB are free."],
    [0.5e6, 1e9, true, "The disk is full: 0 MB of 1000 MB are free."],
    [0, 0, false, "ok"],
  ])("%d of %d bytes", (free, total, full, state) => {
    expect(roomOf(free, total)).toMatchObject({ full, state: expect.stringContaining(state) });
  });
});
