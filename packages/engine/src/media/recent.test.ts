import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { keepRecent } from "./recent.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-recent-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function counted(bytes: number) {
  const made: string[] = [];
  const make = (value: string) => async () => {
    made.push(value);
    return { value, bytes };
  };
  return { made, make };
}

test("a file with the same bytes at another path is not worked on again; another one, or for another purpose, is", async () => {
  const recent = keepRecent<string>(100);
  const { made, make } = counted(10);
  const first = file("first", "the same");
  const again = join(dir, "again");
  copyFileSync(first, again);
  expect(await recent.of(first, "a", make("one"))).toBe("one");
  expect(await recent.of(again, "a", make("two"))).toBe("one");
  expect(await recent.of(again, "b", make("three"))).toBe("three");
  // as long, and written at the same path
  file("first", "The same");
  expect(await recent.of(first, "a", make("four"))).toBe("four");
  expect(made).toEqual(["one", "three", "four"]);
});

test("no more is kept than fits: what was used last stays, and what is too large never does", async () => {
  const recent = keepRecent<string>(25);
  const { made, make } = counted(10);
  const [a, b, c] = ["a", "b", "c"].map((name) => file(name, name)) as [string, string, string];
  await recent.of(a, "", make("a"));
  await recent.of(b, "", make("b"));
  await recent.of(a, "", make("a"));
  await recent.of(c, "", make("c"));
  await recent.of(a, "", make("a"));
  await recent.of(b, "", make("b"));
  expect(made).toEqual(["a", "b", "c", "b"]);
  const large = counted(26);
  for (let n = 0; n < 2; n++) await recent.of(c, "large", large.make("large"));
  expect(large.made).toHaveLength(2);
});

test("what fails is not kept", async () => {
  const recent = keepRecent<string>(25);
  const path = file("fails", "fails");
  const fail = async (): Promise<never> => {
    throw new Error("unreadable");
  };
  await expect(recent.of(path, "", fail)).rejects.toThrow("unreadable");
  expect(await recent.of(path, "", counted(1).make("made"))).toBe("made");
});
