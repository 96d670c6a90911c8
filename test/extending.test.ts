/** The code of docs/extending.md, put into the files that it names in a copy of the repository, passes the type check. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const COPIED = ["packages", "functions", "presets", "scripts", "infra/policy", "infra/policy.ts", "test", "tools"];

test("what docs/extending.md shows can be copied", () => {
  const page = readFileSync(join(ROOT, "docs/extending.md"), "utf8");
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)].map(([, path, code]) => ({
    path: path!,
    code: code!,
  }));
  expect(blocks.length).toBeGreaterThan(10);
  const copy = mkdtempSync(join(tmpdir(), "smileloop-docs-"));
  try {
    for (const name of [...COPIED, "tsconfig.json", "package.json", "vitest.config.ts"]) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    linkModules(copy);
    for (const { path, code } of blocks) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), code);
    }
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(tsc, ["--noEmit", "-p", copy], { encoding: "utf8" });
    expect(stdout.replaceAll(copy, "")).toBe("");
    expect(status).toBe(0);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

/** Others' packages are those of the repository, ours are those of the copy. */
function linkModules(copy: string): void {
  const modules = join(copy, "node_modules");
  mkdirSync(join(modules, "@smileloop"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules")).filter((each) => each !== "@smileloop")) {
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(join(ROOT, "node_modules/@smileloop"))) {
    symlinkSync(join(copy, "packages", name), join(modules, "@smileloop", name));
  }
}
