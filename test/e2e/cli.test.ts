/** The command line as people and scripts use it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownerOfApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { moodOf } from "@smileloop/core/motion/mood.ts";
import { motionSchema } from "@smileloop/core/motion/motion.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { isPassword, parseUsers } from "@smileloop/core/users.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";
import { PRESET_NAMES } from "../support/presets.ts";
import { isAlive, killed, until } from "../support/processes.ts";
import { processTree } from "../support/server.ts";
import { wavOf } from "../support/sounds.ts";
import { BOBBY, CHEF, soundOf, spokenOf } from "../support/spoken.ts";

const CLI = fileURLToPath(new URL("../../packages/cli/bin/smileloop.mjs", import.meta.url));
const FAST = ["--size", "256", "--duration", "1"];
const children: ChildProcess[] = [];
const root = mkdtempSync(join(tmpdir(), "smileloop-e2e-"));
/** The working folder of each test, and what is temporary to the commands it starts. */
let folder: string;
let temporary: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, "work-"));
  temporary = mkdtempSync(join(root, "tmp-"));
});
// a command that a test has given up is not to write into what the next one looks at
afterEach(() => Promise.all(children.splice(0).map(killed)));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Said = { code: number | null; stdout: string; stderr: string };

function start(
  args: string[],
  node = process.execPath,
  script = [CLI],
): { child: ChildProcess; said: Said; end: Promise<Said> } {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary, TMP: temporary, TEMP: temporary };
  const child = spawn(node, [...script, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const said: Said = { code: null, stdout: "", stderr: "" };
  child.stdout!.on("data", (chunk: Buffer) => {
    said.stdout += chunk;
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    said.stderr += chunk;
  });
  const end = new Promise<Said>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...said, code }));
  });
  return { child, said, end };
}

const run = (...args: string[]) => start(args).end;

/** No file but those named, and nothing temporary. */
function expectFiles(...names: string[]): void {
  expect(readdirSync(folder).sort()).toEqual(names.sort());
  expect(readdirSync(temporary).filter((name) => name.startsWith("smileloop-"))).toEqual([]);
}

test("the ending of -o says the format, and --poster asks for a still picture of the clip", async () => {
  const files = ["-o", "smile.webp", "--poster", "smile.jpg"];
  const said = await run("animate", ASTRONAUT, "-p", "big_smile", ...FAST, ...files, "--json");
  expect(JSON.parse(said.stdout)).toMatchObject({ ok: true, output: "smile.webp", poster: "smile.jpg" });
  const clip = await readVideo(join(folder, "smile.webp"), { fps: 25 });
  expect(clip).toMatchObject({ codec: "webp", width: 256, height: 256, frames: 25, fps: 25 });
  expectFiles("smile.webp", "smile.jpg");
});

test("animate makes a file and prints its name", async () => {
  const said = await run("animate", ASTRONAUT, "-p", "blink", ...FAST);
  expect(said).toMatchObject({ code: 0, stdout: "astronaut-blink.mp4\n" });
  // which stages are seen depends on how often they are looked at
  expect(said.stderr).toMatch(/^(\w[^:\n]+: \d+ %\n)+Done: 100 %\nSeed (\d+): --seed \2 [^\n]+\n$/);
  expect(await readVideo(join(folder, "astronaut-blink.mp4"))).toMatchObject({ width: 256, height: 256, frames: 25 });
  expectFiles("astronaut-blink.mp4");

  const again = await run("animate", ASTRONAUT, "-p", "blink", ...FAST, "--json");
  expect(again).toMatchObject({ code: 1, stderr: "" });
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: false, error: { code: "conflict" } });

  const forced = await run(
    "animate",
    ASTRONAUT,
    "-p",
    "gentle_smile",
    ...FAST,
    "--force",
    "--seed",
    "7",
    "--json",
    "-o",
    "astronaut-blink.mp4",
  );
  expect(forced).toMatchObject({ code: 0, stderr: "" });
  const video = { width: 256, height: 256, frames: 25, fps: 25, duration: 1, bytes: expect.any(Number) };
  const output = "astronaut-blink.mp4";
  expect(JSON.parse(forced.stdout)).toEqual({
    ...{ ok: true, output, poster: null, preset: "gentle_smile", seed: 7, video, warnings: [] },
  });
  expectFiles("astronaut-blink.mp4");
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
  writeFileSync(join(folder, "photo.txt"), "no photo");
  const wrong = await run("inspect", "photo.txt", "--json");
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, error: { code: "unsupported_type" } });
  expect(await run("inspect")).toMatchObject({ code: 2, stderr: expect.stringContaining("Which photo?") });
  expectFiles("photo.txt");
});

test("faces are edited, made clearer and swapped; what is missing or out of range is said before any work", async () => {
  const edited = await run("edit", ASTRONAUT, "--smile", "0.6", "--head-yaw=-0.2", "--scale", "50", "--json");
  expect(edited).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(edited.stdout)).toMatchObject({ ok: true, output: "astronaut-edit.jpg" });
  const enhanced = await run("enhance", ASTRONAUT, "-o", "clear.jpg", "--quiet");
  expect(enhanced).toMatchObject({ code: 0, stdout: "clear.jpg\n" });
  const swapped = await run("swap", ASTRONAUT, GRACE_HOPPER, "--consent", "public_domain", "--json");
  expect(JSON.parse(swapped.stdout)).toMatchObject({ ok: true, output: "astronaut-swap.jpg" });
  for (const [args, told] of [
    [["swap", ASTRONAUT], /Whose face\? Give a picture of it after/],
    [["swap"], /Which picture or video\?/],
    [["edit", ASTRONAUT], /What is to move, and how far\? Give one of --smile, /],
    [["edit", ASTRONAUT, "--smile", "2"], /--smile 2: at least -1 and at most 1/],
    [["edit", ASTRONAUT, "--smlie", "1"], /did you mean --smile/i],
    [["edit", ASTRONAUT, "--smile", "1", "--consent", "maybe"], /consent.*self, permission, public_domain/],
    [["enhance", ASTRONAUT, "--blend", "all"], /--blend "all" is not a number/],
    [["enhance", ASTRONAUT, GRACE_HOPPER], /one file too many/],
  ] as const) {
    const said = await run(...args);
    expect([said.code, said.stderr], args.join(" ")).toEqual([2, expect.stringMatching(told)]);
  }
  for (const command of ["swap", "edit", "enhance"]) {
    expect((await run(command, "--help")).stdout).toMatch(new RegExp(`Usage: smileloop ${command} <`));
  }
  expectFiles("astronaut-edit.jpg", "astronaut-swap.jpg", "clear.jpg");
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
    expect(await shell(`cat "${ASTRONAUT}" | ${animate("/dev/stdin -o a.mp4")}`)).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(await shell(`${animate("- -o b.mp4")} < "${ASTRONAUT}"`)).toMatchObject({ code: 0, stderr: "" });
    expectFiles("a.mp4", "b.mp4", "picture-blink.mp4");
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

describe("what cannot be done is said in a sentence, with exit code 1", () => {
  test.each<[what: string, args: () => string[], is: RegExp, code: string]>([
    ["a photo that is not there", () => ["nobody.jpg"], /There is no file "nobody\.jpg"/, "not_found"],
    ["a folder", () => ["inside"], /is a folder/, "unsupported_type"],
    [
      "a text",
      () => ["text.jpg"],
      /"text\.jpg": This is text\/plain\. Export it as a JPEG or PNG;.* Accepted .*: image\/jpeg, image\/png, /,
      "unsupported_type",
    ],
    ["an empty file", () => ["empty.jpg"], /is empty/, "empty_file"],
    ["a photo without a face", () => [COFFEE], /face/, "no_face"],
    ["a file that exists", () => [ASTRONAUT, "-o", "there.mp4"], /exists already; add --force/, "conflict"],
    ["a folder as the file", () => [ASTRONAUT, "-f", "-o", "inside"], /is a folder; give a file name/, "conflict"],
    ["a folder that is not there", () => [ASTRONAUT, "-o", "no/a.mp4"], /There is no folder "no"/, "not_found"],
    [
      "an engine that is not here",
      () => [ASTRONAUT, "--engine", "liveportrait"],
      /not configured/,
      "engine_not_configured",
    ],
  ])("%s", async (_what, args, is, code) => {
    mkdirSync(join(folder, "inside"));
    writeFileSync(join(folder, "text.jpg"), "no picture");
    writeFileSync(join(folder, "empty.jpg"), "");
    writeFileSync(join(folder, "there.mp4"), "");
    const said = await run("animate", ...args(), ...FAST, "-q");
    expect(said).toMatchObject({ code: 1, stdout: "" });
    expect(said.stderr).toMatch(is);
    expect(said.stderr).toMatch(/^smileloop: [^\n]+\n$/);
    const json = await run("animate", ...args(), ...FAST, "--json");
    expect(json).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, error: { code, detail: expect.stringMatching(is) } });
    expectFiles("empty.jpg", "inside", "text.jpg", "there.mp4");
  });

  // nothing is unwritable to root, but for what the system itself refuses
  const unwritable = process.getuid?.() === 0 ? (process.platform === "linux" ? "/proc" : null) : "locked";
  test.skipIf(unwritable === null)("a folder that may not be written", async () => {
    if (unwritable === "locked") {
      mkdirSync(join(folder, "locked"));
      chmodSync(join(folder, "locked"), 0o500);
    }
    const said = await run("animate", ASTRONAUT, ...FAST, "-q", "-o", `${unwritable}/a.mp4`);
    expect(said).toMatchObject({ code: 1, stdout: "" });
    expect(said.stderr).toMatch(/^smileloop: [^\n]*(written)[^\n]*\n$/);
    expectFiles(...(unwritable === "locked" ? ["locked"] : []));
  });
});

test("motion extract writes a Motion, says what is in it, and animate takes it", async () => {
  const columns = ["EyeBlinkLeft", "EyeBlinkRight", "JawOpen", "MouthSmileLeft", "MouthSmileRight"];
  const rows = Array.from({ length: 60 }, (_, i) => {
    const smile = (0.8 * (1 - Math.cos((2 * Math.PI * i) / 60))) / 2;
    return [`00:00:00:${i}.0`, 61, 0, 0, 0, smile, smile].join(",");
  });
  writeFileSync(join(folder, "take.csv"), [`Timecode,BlendShapeCount,${columns}`, ...rows].join("\n"));
  const said = await run("motion", "extract", "take.csv", "-q");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect(said.stdout).toBe(
    "take.motion.json\n1.0 s of Live Link Face, 60 frames at 60 a second\n" +
      "strongest of 2 channels: mouthSmileLeft 0.78, mouthSmileRight 0.78\n",
  );
  const motion: unknown = JSON.parse(readFileSync(join(folder, "take.motion.json"), "utf8"));
  expect(motionSchema.parse(motion)).toMatchObject({ duration: 1, loop: false });

  const driven = await run("animate", ASTRONAUT, "--driving", "take.motion.json", "--size", "256", "-q", "--json");
  expect(JSON.parse(driven.stdout)).toMatchObject({ ok: true, preset: null, video: { frames: 25, fps: 25 } });
  expectFiles("take.csv", "take.motion.json", "astronaut-take.motion.mp4");
  const missing = await run("motion", "extract", "nothing.mp4", "--json");
  expect(JSON.parse(missing.stdout)).toMatchObject({ ok: false, error: { code: "not_found" } });
});

test("talk makes a video of a photo and a sound, or of a text", async () => {
  const sentence = soundOf(spokenOf(BOBBY));
  writeFileSync(join(folder, "hello.wav"), wavOf([sentence], 16_000));
  const small = ["--size", "256", "--fps", "12"];
  const said = await run("talk", GRACE_HOPPER, "hello.wav", ...small);
  expect(said).toMatchObject({ code: 0, stdout: "grace_hopper-hello.mp4\n" });
  // of the stages, those that happen to pass a quarter
  expect(said.stderr).toMatch(/^(Looking for the face|Listening to the sound|Rendering): \d+ %$/m);
  const video = await readVideo(join(folder, "grace_hopper-hello.mp4"));
  expect(video).toMatchObject({ width: 256, otherStreams: 1, frames: Math.round((sentence.length / 16_000) * 12) });
  const json = await run("talk", GRACE_HOPPER, "--text", "Hello.", ...small, "-o", "a.webm", "--seed", "3", "--json");
  expect(json.code, json.stdout + json.stderr).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    output: "a.webm",
    seed: 3,
    video: { audio: { codec: "opus" } },
  });
  expectFiles("hello.wav", "grace_hopper-hello.mp4", "a.webm");
  const none = await run("talk", GRACE_HOPPER, "nothing.wav", "--json");
  expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, error: { code: "not_found" } });
});

test("lipsync makes a video of a video and a sound, or of a text, and refuses what is not a video", async () => {
  const small = ["--size", "256", "--seed", "1"];
  expect(await run("talk", GRACE_HOPPER, "--text", "Bobby mapped my vans.", ...small, "-o", "film.mp4")).toMatchObject({
    code: 0,
  });
  const film = await readVideo(join(folder, "film.mp4"));
  const sentence = soundOf(spokenOf(CHEF));
  writeFileSync(join(folder, "hello.wav"), wavOf([sentence], 16_000));
  const said = await run("lipsync", "film.mp4", "hello.wav", "--sync-mode", "bounce", "--poster", "still.jpg");
  expect(said, said.stderr).toMatchObject({ code: 0, stdout: "film-hello.mp4\n" });
  const stages = /^(Reading the video|Listening to the sound|Mixing the sound|Rendering): \d+ %$/m;
  expect(said.stderr).toMatch(stages);
  const video = await readVideo(join(folder, "film-hello.mp4"));
  const frames = Math.round((sentence.length / 16_000) * film.fps);
  expect(video).toMatchObject({ width: 256, height: 256, fps: film.fps, frames, otherStreams: 1 });
  const json = await run("lipsync", "film.mp4", "--text", "Hello.", "-o", "a.webm", "--json");
  expect(json.code, json.stdout + json.stderr).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, output: "a.webm", video: { audio: { codec: "opus" } } });
  const photo = await run("lipsync", GRACE_HOPPER, "hello.wav");
  expect(photo).toMatchObject({ code: 1, stdout: "" });
  expect(photo.stderr).toMatch(
    /^smileloop: "grace_hopper\.jpg": This is image\/jpeg\. Use an MP4, MOV, WebM or AVI video/,
  );
  const nobody = await run("lipsync", "film.mp4", "--text", "Hi.", "--voice", "nobody", "--json");
  const { error } = JSON.parse(nobody.stdout) as { error: { detail: string } };
  expect(error.detail).toMatch(/^--voice: there is no voice 'nobody'/);
  expectFiles("film.mp4", "hello.wav", "film-hello.mp4", "still.jpg", "a.webm");
});

test("a command line that is not right is told so, with exit code 2", async () => {
  const cases: [args: string[], is: RegExp][] = [
    [["animate"], /Which photo/],
    [["animate", ASTRONAUT, "-p", "grin"], new RegExp(`'grin'.*${PRESET_NAMES.join(", ")}`)],
    [["animate", ASTRONAUT, "--size", "300"], /--size: must be one of source, 256, 512, 720, 1024, got 300\./],
    [["animate", ASTRONAUT, "--size", "big"], /--size: must be one of source, 256, 512, 720, 1024, got 'big'\./],
    [["animate", ASTRONAUT, "--duration", "20"], /--duration: at most 10 seconds, got 20\./],
    [
      ["animate", ASTRONAUT, "-o", "x.avi"],
      /--output "x\.avi": .* end in one of \.mp4, \.gif, \.webp, \.webm, not \.avi\./,
    ],
    [["animate", ASTRONAUT, "-o", "x.gif", "--format", "mp4"], /--format mp4 and --output "x\.gif" are two formats/],
    [["animate", ASTRONAUT, "--format", "avi"], /--format: must be one of mp4, gif, webp, webm, got 'avi'/],
    [["animate", ASTRONAUT, "-o", "x.gif", "--size", "1024"], /--size: a GIF has at most 640 pixels a side/],
    [["animate", ASTRONAUT, "--poster", "x.png"], /--poster "x\.png": the poster is a JPEG\./],
    [["motion", "extract", "clip.mp4", "-o", "x.bvh"], /--output "x\.bvh": a Motion, .* ends in \.json\./],
    [["animate", ASTRONAUT, "-p", "blink", "--driving", "clip.mp4"], /a preset or a driving clip, not both/],
    [["talk"], /What is to be said\?/],
    [["talk", ASTRONAUT], /What is to be said\? Give a sound after the photo, or --text\./],
    [["talk", ASTRONAUT, "a.wav", "b.wav"], /"b\.wav" is one too many/],
    [["talk", ASTRONAUT, "a.wav", "--text", "Hi"], /--text says a text, and "a\.wav" is a sound\./],
    [["talk", ASTRONAUT, "--transcript", "Hi"], /--transcript is what is said in a sound, which is missing\./],
    [["talk", ASTRONAUT, "--text", "😀"], /--text: has neither letters nor digits/],
    [["talk", ASTRONAUT, "a.wav", "--transcript", ""], /--transcript: must not be empty/],
    [["talk", ASTRONAUT, "--text", "Hi", "-o", "x.gif"], /--format: must be one of mp4, webm: a GIF has no sound/],
    [["talk", ASTRONAUT, "--text", "Hi", "--fps", "9"], /--fps: at least 10, got 9/],
    [["lipsync"], /Which video\? Give its file name\./],
    [["lipsync", "a.mp4"], /What is to be said\? Give a sound after the video, or --text\./],
    [["lipsync", "a.mp4", "b.wav", "c.wav"], /"c\.wav" is one too many/],
    [["lipsync", "a.mp4", "b.wav", "--sync-mode", "x"], /--sync-mode: must be one of cut_off, .*, got 'x'\./],
    [
      ["lipsync", "a.mp4", "b.wav", "--original-sound", "x"],
      /--original-sound: must be one of replace, duck, got 'x'\./,
    ],
    [
      ["lipsync", "a.mp4", "b.wav", "--voice", "rms"],
      /--voice: is for a text that a voice says, but a sound was given/,
    ],
    [["lipsync", "a.mp4", "b.wav", "--voise", "rms"], /Unknown option '--voise'\. Did you mean --voice\?/],
    [["motion"], /Say extract/],
    [["speak"], /What is to be said\?/],
    [["speak", "Good", "morning"], /"morning" is one too many\. Put the text between quotes\./],
    [["speak", "hi", "-o", "x.ogg"], /--output "x\.ogg": .* end in one of \.wav, \.mp3, \.m4a, not \.ogg\./],
    [["speak", "hi", "--pronounce", "hi"], /--pronounce "hi" is not one of word=respelling or word=\/IPA\/\./],
    [["speak", "\u{1f600}"], /--text: has n/],
    [["voices", "--language", "tlh"], /--language: no voice speaks "tlh"/],
    [["motion", "extract"], /Which clip/],
    [["animate", ASTRONAUT, "--fps", "many"], /--fps "many" is not a number/],
    [["animate", ASTRONAUT, "--loud"], /--loud/],
    [["lip-sync"], /no command "lip-sync"\. Did you mean lipsync\?/],
    [["dance"], /no command "dance".*animate, .*inspect, .*motion, presets, serve, key, user/],
    [["key", "Alice"], /"Alice" is not a valid owner name/],
    [["key", "public"], /a name other than public/],
    [["key", "a", "b"], /Unexpected argument "b"/],
    [["user"], /Which user\? Give a name/],
    [["user", "Alice"], /"Alice" is not a valid owner name/],
    [["user", "alice", "correct horse"], /no password: that is asked for/],
    [["user", "alice"], /There is no terminal to ask for the password on; use --password-stdin/],
    [["user", "alice", "--password-stdin"], /The password has 0 characters; at least 8/],
  ];
  for (const [args, is] of cases) {
    const said = await run(...args);
    expect(said, said.stderr).toMatchObject({ code: 2, stdout: "" });
    expect(said.stderr).toMatch(is);
    expect(said.stderr).toMatch(/^smileloop: [^\n]+\n$/);
  }
  const json = await run("animate", ASTRONAUT, "-p", "grin", "--json");
  expect(json).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: "usage" } });
  expectFiles();
});

test("a key is shown once, beside what the server is told of it", async () => {
  const said = await run("key", "alice");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  const [key = ""] = /sl_\S+/.exec(said.stdout) ?? [];
  const [, entry = ""] = /API_KEYS=(\S+)/.exec(said.stdout) ?? [];
  expect(ownerOfApiKey(parseApiKeys(entry).keys, key)).toBe("alice");
  const json = JSON.parse((await run("key", "--json")).stdout) as Record<string, string>;
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
  const list = JSON.parse((await run("presets", "--json")).stdout) as { name: string; duration: number }[];
  expect(list.map(({ name }) => name)).toEqual(PRESET_NAMES);
  for (const { duration } of list) expect(duration).toBeGreaterThan(0);
  expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const presetsDir = fileURLToPath(new URL("../../presets", import.meta.url));
  const moody = [...loadPresets(presetsDir).values()].filter((preset) => Object.keys(moodOf(preset)).length > 0);
  const [, told = ""] = /mood lasts under the speech: ([^-]+)/.exec((await run("talk", "--help")).stdout) ?? [];
  expect(told.match(/\w+/g)?.filter((word) => word !== "or")).toEqual(moody.map(({ name }) => name));
  for (const args of [["--help"], ["animate", "--help"], ["help", "presets"]]) {
    expect(await run(...args)).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/Usage: smileloop/),
    });
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
    const pipe = join(temporary, "pipe");
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
  symlinkSync(CLI, join(root, "smileloop"));
  const { end } = start(["animate", ASTRONAUT, ...FAST, "-o", "old.mp4", "-q"], old!);
  expect(await end).toMatchObject({ code: 0, stdout: "old.mp4\n", stderr: "" });
  expect((await start(["dance"], old!).end).code).toBe(2);
  const linked = execFileSync(old!, [join(root, "smileloop"), "--version"], { encoding: "utf8" });
  expect(linked).toMatch(/^\d+\.\d+\.\d+\n$/);
  expectFiles("old.mp4");
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
