import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MotionFrames, motionFramesSchema } from "./motion.ts";
import { packMotion, unpackFrames } from "./motion-file.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop motion "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const motionOf = (frames: number): MotionFrames =>
  motionFramesSchema.parse({ fps: 25, frames, faces: [{ channels: { jawOpen: Array(frames).fill(0.123456) } }] });

test("a short motion travels inline, a long one by a file, and both come back whole", async () => {
  const path = join(dir, "long.json");
  expect(await packMotion(motionOf(2), path)).toEqual(motionOf(2));
  const long = { ...motionOf(2), pad: "x".repeat(300_000) };
  expect(await packMotion(long, path)).toEqual({ path });
  await writeFile(path, JSON.stringify(motionOf(3)));
  expect(await unpackFrames({ path })).toEqual(motionOf(3));
});

test("what is not a regular file of a motion is refused, and nobody waits for a pipe", async () => {
  const at = (name: string) => join(dir, name);
  await mkdir(at("folder"));
  await writeFile(at("text"), "no motion");
  await writeFile(at("motion"), JSON.stringify(motionOf(2)));
  await symlink(at("motion"), at("link"));
  const names = ["folder", "text", "link", "missing"];
  if (process.platform !== "win32") {
    execFileSync("mkfifo", [at("pipe")]);
    names.push("pipe");
  }
  for (const name of names) {
    await expect(unpackFrames({ path: at(name) }), name).rejects.toMatchObject({ code: "invalid_request" });
  }
});
