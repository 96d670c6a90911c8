/** The command line as people and scripts use it; usage and failures are in `cli-faults.test.ts`, speech and faces beside it. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ownerOfApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { moodOf } from "@smileloop/core/motion/mood.ts";
import { motionSchema } from "@smileloop/core/motion/motion.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { isPassword, parseUsers } from "@smileloop/core/users.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { describe, expect, test } from "vitest";
import { CLI, commandLine, FAST } from "../support/cli.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";
import { PRESET_NAMES } from "../support/presets.ts";
import { isAlive, until } from "../support/processes.ts";
import { processTree } from "../support/server.ts";

const { file, temporaryFile, start, run, type, expectFiles } = commandLine();

test("animate makes a file and prints its name", async () => {
  const said = await run("animate", ASTRONAUT, "-p", "blink", ...FAST);
  expect(said).toMatchObject({ code: 0, stdout: "astronaut-blink.mp4\n" });
  // which stages are seen depends on how often they are looked at
  expect(said.stderr).toMatch(/^(\w[^:\n]+: \d+ %\n)+Done: 100 %\nSeed (\d+): --seed \2 [^\n]+\n$/);
  expect(await readVideo(file("astronaut-blink.mp4"))).toMatchObject({ width: 256, height: 256, frames: 25 });
  expectFiles("astronaut-blink.mp4");

  const again = await type("animate", ASTRONAUT, "-p", "blink", ...FAST, "--json");
  expect(again).toMatchObject({ code: 1, stderr: "" });
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: false, error: { code: "conflict" } });
});

test("the ending of -o says the format, --poster asks for a still picture of the clip, --force overwrites", async () => {
  writeFileSync(file("smile.webp"), "what was there");
  const files = ["-o", "smile.webp", "--poster", "smile.jpg", "--force"];
  const said = await run("animate", ASTRONAUT, "-p", "gentle_smile", ...FAST, ...files, "--seed", "7", "--json");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  const video = { width: 256, height: 256, frames: 25, fps: 25, duration: 1, bytes: expect.any(Number) };
  const made = { output: "smile.webp", poster: "smile.jpg", preset: "gentle_smile", seed: 7, video };
  expect(JSON.parse(said.stdout)).toEqual({ ok: true, ...made, warnings: [] });
  const clip = await readVideo(file("smile.webp"), { fps: 25 });
  expect(clip).toMatchObject({ codec: "webp", width: 256, height: 256, frames: 25, fps: 25 });
  expectFiles("smile.webp", "smile.jpg");
});

test("inspect tells what a photo shows, and what would help", async () => {
  const said = await run("inspect", GRACE_HOPPER);
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect(said.stdout).toMatch(
    /^image\/jpeg, 512 × 600 pixels, 0\.\d+ MB\nface 0: .*eyes \d.*yaw -?\d.*glasses\n {2}nothing to improve\n$/,
  );
  const none = await run("inspect", COFFEE, "--json");
  expect(none.code).toBe(0);
  expect(JSON.parse(none.stdout)).toMatchObject({ ok: true, faces: [], warnings: [{ code: "no_face" }] });
  writeFileSync(file("photo.txt"), "no photo");
  const wrong = await type("inspect", "photo.txt", "--json");
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, error: { code: "unsupported_type" } });
  expectFiles("photo.txt");
});

describe("input that comes through a pipe", () => {
  const animate = (args: string, node = process.execPath) =>
    `"${node}" "${CLI}" animate ${args} -p blink -q ${FAST.join(" ")}`;
  /** What a shell runs, with the streams that it makes. */
  const shell = (line: string) => start(["-c", line], "bash", []).end;

  test.skipIf(process.platform === "win32")("is read as a file is, and called after what it is", async () => {
    expect(await shell(animate(`<(cat "${ASTRONAUT}")`))).toEqual({
      code: 0,
      stdout: "picture-blink.mp4\n",
      stderr: "",
    });
    const seen = expect.objectContaining({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^image\/jpeg, .*\nface 0: /),
    });
    expect(await shell(`cat "${ASTRONAUT}" | "${process.execPath}" "${CLI}" inspect /dev/stdin`)).toEqual(seen);
    expect(await shell(`"${process.execPath}" "${CLI}" inspect - < "${ASTRONAUT}"`)).toEqual(seen);
    expectFiles("picture-blink.mp4");
  });

  test.skipIf(process.platform === "win32")("is refused where it is empty, no photo, or never ends", async () => {
    for (const [line, is] of [
      [`true | ${animate("-")}`, /^smileloop: The standard input is empty\.\n$/],
      [`echo hello | ${animate("-")}`, /^smileloop: The standard input: This is text\/plain\. /],
      [animate("/dev/zero"), /^smileloop: "zero" is too large: at most 20 MiB are read\.\n$/],
    ] as const) {
      const said = await shell(line);
      expect(said, line).toMatchObject({ code: 1, stdout: "" });
      expect(said.stderr, line).toMatch(is);
    }
    expectFiles();
  });
});

test("motion extract writes a Motion, says what is in it, and animate takes it", async () => {
  const columns = ["EyeBlinkLeft", "EyeBlinkRight", "JawOpen", "MouthSmileLeft", "MouthSmileRight"];
  const rows = Array.from({ length: 60 }, (_, i) => {
    const smile = (0.8 * (1 - Math.cos((2 * Math.PI * i) / 60))) / 2;
    return [`00:00:00:${i}.0`, 61, 0, 0, 0, smile, smile].join(",");
  });
  writeFileSync(file("take.csv"), [`Timecode,BlendShapeCount,${columns}`, ...rows].join("\n"));
  const said = await run("motion", "extract", "take.csv", "-q");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect(said.stdout).toBe(
    "take.motion.json\n1.0 s of Live Link Face, 60 frames at 60 a second\n" +
      "strongest of 2 channels: mouthSmileLeft 0.78, mouthSmileRight 0.78\n",
  );
  const motion: unknown = JSON.parse(readFileSync(file("take.motion.json"), "utf8"));
  expect(motionSchema.parse(motion)).toMatchObject({ duration: 1, loop: false });

  const driven = await run("animate", ASTRONAUT, "--driving", "take.motion.json", "--size", "256", "-q", "--json");
  expect(JSON.parse(driven.stdout)).toMatchObject({ ok: true, preset: null, video: { frames: 25, fps: 25 } });
  expectFiles("take.csv", "take.motion.json", "astronaut-take.motion.mp4");
  const missing = await type("motion", "extract", "nothing.mp4", "--json");
  expect(JSON.parse(missing.stdout)).toMatchObject({ ok: false, error: { code: "not_found" } });
});

test("a key is shown once, beside what the server is told of it", async () => {
  const said = await run("key", "alice");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  const [key = ""] = /sl_\S+/.exec(said.stdout) ?? [];
  const [, entry = ""] = /API_KEYS=(\S+)/.exec(said.stdout) ?? [];
  expect(ownerOfApiKey(parseApiKeys(entry).keys, key)).toBe("alice");
  const json = JSON.parse((await type("key", "--json")).stdout) as Record<string, string>;
  expect(json).toEqual({ key: expect.stringMatching(/^sl_/), owner: "me", entry: expect.stringMatching(/^me:/) });
  expectFiles();
});

test.skipIf(process.platform === "win32")(
  "a user's password comes on the standard input, and only its hash goes out",
  async () => {
    const user = (options = "") =>
      start(
        ["-c", `printf 'correct horse\\nmore' | "${process.execPath}" "${CLI}" user alice --password-stdin ${options}`],
        "bash",
        [],
      ).end;
    const said = await user();
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).not.toContain("horse");
    const [, entry = ""] = /USERS=(\S+)/.exec(said.stdout) ?? [];
    expect(await isPassword(parseUsers(entry).users, "alice", "correct horse")).toBe(true);
    const json = JSON.parse((await user("--json")).stdout) as Record<string, string>;
    expect(json).toEqual({ name: "alice", entry: expect.stringMatching(/^alice:scrypt\./) });
    expectFiles();
  },
);

test("presets, version and help", async () => {
  const presets = await run("presets");
  expect(presets).toMatchObject({ code: 0, stderr: "" });
  expect(presets.stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([...PRESET_NAMES, ""]);
  const list = JSON.parse((await type("presets", "--json")).stdout) as { name: string; duration: number }[];
  expect(list.map(({ name }) => name)).toEqual(PRESET_NAMES);
  for (const { duration } of list) expect(duration).toBeGreaterThan(0);
  expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const presetsDir = fileURLToPath(new URL("../../presets", import.meta.url));
  const moody = [...loadPresets(presetsDir).values()].filter((preset) => Object.keys(moodOf(preset)).length > 0);
  const [, told = ""] = /mood lasts under the speech: ([^-]+)/.exec((await type("talk", "--help")).stdout) ?? [];
  expect(told.match(/\w+/g)?.filter((word) => word !== "or")).toEqual(moody.map(({ name }) => name));
  for (const args of [["--help"], ["animate", "--help"], ["help", "presets"]]) {
    expect(await type(...args)).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/Usage: smileloop/),
    });
  }
  for (const command of ["swap", "edit", "enhance"]) {
    expect((await type(command, "--help")).stdout).toMatch(new RegExp(`Usage: smileloop ${command} <`));
  }
});

test.skipIf(process.platform !== "linux")("Ctrl-C ends it with 130 and leaves nothing", async () => {
  const { child, said, end } = start(["animate", ASTRONAUT, "-p", "alive", "--size", "1024", "--duration", "10"]);
  await until(() => said.stderr.includes("Rendering"));
  const family = processTree(child.pid!);
  expect(family.length).toBeGreaterThan(1);
  child.kill("SIGINT");
  expect((await end).code).toBe(130);
  expect(said.stderr).not.toContain("Done");
  await until(() => !family.some(isAlive));
  expectFiles();
});

test.skipIf(process.platform !== "linux")(
  "Ctrl-C ends it while it waits for a pipe that nobody writes to",
  async () => {
    const pipe = temporaryFile("pipe");
    execFileSync("mkfifo", [pipe]);
    const { child, end } = start(["animate", pipe, "-p", "blink"]);
    const opened = () =>
      readdirSync(`/proc/${child.pid}/fd`).some((fd) => linkOf(`/proc/${child.pid}/fd/${fd}`) === pipe);
    await until(opened);
    child.kill("SIGINT");
    expect((await end).code).toBe(130);
    rmSync(pipe);
    expectFiles();
  },
);

/** Null for a descriptor that is closed meanwhile. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

const old = olderNode();
test.skipIf(!old)(`runs where the machine's own Node is old${old ? "" : " (there is none here)"}`, async () => {
  // as npm installs a command: a link to the script
  symlinkSync(CLI, temporaryFile("linked"));
  const { end } = start(["inspect", ASTRONAUT], old!);
  expect(await end).toMatchObject({ code: 0, stdout: expect.stringContaining("face 0: "), stderr: "" });
  expect((await start(["dance"], old!).end).code).toBe(2);
  const linked = execFileSync(old!, [temporaryFile("linked"), "--version"], { encoding: "utf8" });
  expect(linked).toMatch(/^\d+\.\d+\.\d+\n$/);
  expectFiles();
});

/** A Node of this machine that cannot run TypeScript. */
function olderNode(): string | null {
  for (const path of ["/usr/bin/node", "/usr/local/bin/node"]) {
    try {
      const version = execFileSync(path, ["-p", "process.features.typescript || 'none'"], { encoding: "utf8" });
      if (version.trim() === "none") return path;
    } catch {
      // not there
    }
  }
  return null;
}
