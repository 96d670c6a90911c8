import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

/** A program beside a copy of the module, in folders as the engine's are: it says where Node keeps what it compiles. */
function program(): { root: string; run: () => string } {
  const root = mkdtempSync(join(tmpdir(), "compile-cache-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const dir = join(root, "packages/engine/src");
  mkdirSync(dir, { recursive: true });
  copyFileSync(join(import.meta.dirname, "compile-cache.ts"), join(dir, "compile-cache.ts"));
  writeFileSync(join(dir, "answer.ts"), "export const answer: number = 42;\n");
  writeFileSync(
    join(dir, "main.ts"),
    `import { getCompileCacheDir } from "node:module";
    import { keepCompiled } from "./compile-cache.ts";
    keepCompiled();
    const { answer } = await import("./answer.ts");
    console.log(answer, getCompileCacheDir());`,
  );
  const run = (): string => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(dir, "main.ts")], {
      env: {},
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    return stdout.trim();
  };
  return { root, run };
}

test("what was compiled is kept in node_modules, beside the code that it is made of", () => {
  const { root, run } = program();
  mkdirSync(join(root, "node_modules"));
  const [answer, folder] = run().split(" ");
  expect(answer).toBe("42");
  expect(folder!.startsWith(join(root, "node_modules/.cache/smileloop"))).toBe(true);
  expect(readdirSync(folder!).length).toBeGreaterThan(0);
});

test("code that has changed is compiled again", () => {
  const { root, run } = program();
  mkdirSync(join(root, "node_modules"));
  expect(run()).toMatch(/^42 /);
  writeFileSync(join(root, "packages/engine/src/answer.ts"), "export const answer: number = 43;\n");
  expect(run()).toMatch(/^43 /);
});

test("a process starts where nothing can be kept", () => {
  const { root, run } = program();
  writeFileSync(join(root, "node_modules"), "a file, so that no folder can be made in it");
  expect(run()).toBe("42 undefined");
});
