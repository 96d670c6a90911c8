/** What `npm run bundle` writes, on a machine where new files are their owner's alone. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "../../scripts/bundle.ts");

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "smileloop-bundle-"));
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

// Lambda runs as another user than the archive's
it.skipIf(process.platform === "win32")("may be read by everybody, whatever the umask", () => {
  execFileSync("/bin/sh", ["-c", 'umask 077 && exec "$0" "$@"', process.execPath, SCRIPT, "--out", out]);
  const modes = readdirSync(out, { recursive: true, withFileTypes: true }).map((entry) => {
    const mode = (statSync(join(entry.parentPath, entry.name)).mode & 0o777).toString(8);
    return `${entry.isDirectory() ? "folder" : "file"} ${mode}`;
  });
  expect(modes.length).toBeGreaterThan(300);
  expect([...new Set(modes)].filter((mode) => !["folder 755", "file 644", "file 755"].includes(mode))).toEqual([]);
});
