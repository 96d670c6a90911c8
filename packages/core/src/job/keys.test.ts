import { expect, test } from "vitest";
import { childId, newId } from "./ids.ts";
import * as keys from "./keys.ts";

const NOW = Date.parse("2026-01-02T03:04:05.678Z");
const id = newId(NOW);

test("in byte order the newest job is the first, and folders tell their id", () => {
  const ids = [0, 1, 999, NOW, NOW + 1, 2 ** 48 - 1].map((at) => newId(at));
  const folders = ids.map(keys.jobFolder);
  expect(folders.toSorted()).toEqual(folders.toReversed());
  expect(folders.map(keys.jobFolderId)).toEqual(ids);
  expect(keys.jobFolder(id)).toBe(keys.jobFolder(id));
});

test("names that are no job's folder have no id", () => {
  const folder = keys.jobFolder(id);
  const otherTime = `000000000000${folder.slice(12)}`;
  expect(["", "tmp", folder.slice(1), `${folder}0`, otherTime].map(keys.jobFolderId)).toEqual(Array(5).fill(null));
});

test("everything of a job lies below its owner and its folder", () => {
  const prefix = keys.jobPrefix("local", id);
  expect(prefix).toBe(`jobs/local/${keys.jobFolder(id)}/`);
  expect(keys.inputKey("local", id, "image")).toBe(`${prefix}in/image/0`);
  expect(keys.outputKey("local", id, 2, "video.mp4")).toBe(`${prefix}out/2/video.mp4`);
  expect(keys.checkFileKey(keys.outputKey("local", id, 2, "video.mp4"))).toBeTruthy();
});

test("everything of a child lies below its root, and its marker beside it", () => {
  const root = keys.jobPrefix("local", id);
  const child = childId(id, 12);
  expect(keys.jobPrefix("local", child)).toBe(`${root}c/12/`);
  expect(keys.childrenPrefix("local", id)).toBe(`${root}c/`);
  expect(keys.inputKey("local", child, "image", 1)).toBe(`${root}c/12/in/image/1`);
  expect(keys.outputKey("local", child, 2, "video.mp4")).toBe(`${root}c/12/out/2/video.mp4`);
  expect(keys.isFileKey(keys.outputKey("local", child, 2, "video.mp4"))).toBe(true);
  expect(keys.endedKey("local", child)).toBe(`${root}ended/12`);
  expect(keys.isFileKey(keys.endedKey("local", child))).toBe(true);
  expect(keys.endedNumberOf(keys.endedKey("local", child))).toBe(12);
  expect(["x", `${root}ended/012`, `${root}ended/100000`, `${root}c/1`].map(keys.endedNumberOf)).toEqual([
    ...[null, null, null, null],
  ]);
  const timer = { atMs: NOW, owner: "local", id: child };
  expect(keys.timerOfKey(keys.timerKey(timer))).toEqual({ ...timer, atMs: Math.ceil(NOW / 1000) * 1000 });
  expect(() => keys.endedKey("local", id)).toThrow(expect.objectContaining({ code: "not_found" }));
  expect(() => keys.childrenPrefix("local", child)).toThrow(expect.objectContaining({ code: "not_found" }));
  expect(() => keys.uploadKey("local", child)).toThrow(expect.objectContaining({ code: "not_found" }));
  expect(keys.jobFolderId(`${keys.jobFolder(id)}.1`)).toBeNull();
});

test("uploads and timers are read back from their keys", () => {
  expect(keys.uploadOfKey(keys.uploadKey("local", id))).toEqual({ id, owner: "local" });
  const key = keys.timerKey({ atMs: NOW, owner: "local", id });
  expect(key).toBe(`due/20260102T030406Z/local/${id}`);
  expect(keys.timerOfKey(key)).toEqual({ atMs: Math.ceil(NOW / 1000) * 1000, owner: "local", id });
  expect(["", "due/x/local/y", key.replace("0102", "9902"), `${key}/x`].map(keys.timerOfKey)).toEqual(
    Array(4).fill(null),
  );
});

test("cached files are read back from their keys, and those of one moment and owner lie together", () => {
  const sha256 = "ab".repeat(32);
  const key = keys.cacheKey({ untilMs: NOW, owner: "local", sha256 });
  expect(key).toBe(`cache/20260102T030406Z/local/${sha256}`);
  expect(keys.isFileKey(key)).toBe(true);
  const untilMs = Math.ceil(NOW / 1000) * 1000;
  expect(keys.cacheOfKey(key)).toEqual({ untilMs, owner: "local" });
  expect([keys.cachePrefix(untilMs, "local"), keys.cachePrefix(untilMs)].every((at) => key.startsWith(at))).toBe(true);
  const others = [
    "",
    "cache/x",
    key.replace("0102", "9902"),
    `${key}/x`,
    key.slice(0, -1),
    key.replace("cache", "due"),
  ];
  expect(others.map(keys.cacheOfKey)).toEqual(Array(6).fill(null));
  expect(() => keys.cacheKey({ untilMs: NOW, owner: "local", sha256: "../x" })).toThrow("64 hex digits");
});

test.each(["", "..", "a/b", "A", "-a", "a.b", "a b", "ä", "a\0", "con", "nul", "a".repeat(65)])(
  "%j is no owner",
  (owner) => {
    for (const make of [
      () => keys.jobPrefix(owner, id),
      () => keys.ownerPrefix(owner),
      () => keys.uploadKey(owner, id),
      () => keys.timerKey({ atMs: NOW, owner, id }),
      () => keys.idempotencyKey(owner, "0".repeat(64)),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: "not_found" }));
    }
  },
);

test.each(["", "..", "../x", "x".repeat(32), "A".repeat(32), "0".repeat(32)])("%j is no id", (bad) => {
  expect(() => keys.jobPrefix("local", bad)).toThrow(expect.objectContaining({ code: "not_found" }));
  expect(() => keys.uploadKey("local", bad)).toThrow(expect.objectContaining({ code: "not_found" }));
});

test.each(["", ".", "..", "a/b", "a\\b", ".hidden", "a.", "a:b", "a%2fb", "nul", "COM1.txt", "a\0", "x".repeat(101)])(
  "%j is no name of a file",
  (name) => {
    expect(() => keys.outputKey("local", id, 1, name)).toThrow(expect.objectContaining({ code: "not_found" }));
  },
);

test.each([
  "/jobs/a",
  "jobs/../x",
  "jobs//x",
  "jobs/x/",
  "jobs/x\0",
  "jobs\\x",
  "jobs/%2e%2e",
  "jobs/c:",
  "jobs/.x",
  "jobs/x.",
  "jobs/aux/x",
  "due/x",
  "secret",
  "jobs/a/b/job.json",
  "jobs/a/b/job.12.json",
  "jobs/a/b/c/3/job.json",
  "jobs/a/b/c/3/job.7.json",
  `jobs/${"a/".repeat(200)}a`,
])("%j is no key of a file", (key) => {
  expect(() => keys.checkFileKey(key)).toThrow(expect.objectContaining({ code: "not_found" }));
});
