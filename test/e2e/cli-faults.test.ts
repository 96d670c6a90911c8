/** What the command line says of what cannot be done, before any work. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commandLine, FAST } from "../support/cli.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";
import { PRESET_NAMES } from "../support/presets.ts";

const { file, run, type, expectFiles } = commandLine();

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
    mkdirSync(file("inside"));
    writeFileSync(file("text.jpg"), "no picture");
    writeFileSync(file("empty.jpg"), "");
    writeFileSync(file("there.mp4"), "");
    const said = await type("animate", ...args(), ...FAST, "-q");
    expect(said).toMatchObject({ code: 1, stdout: "" });
    expect(said.stderr).toMatch(is);
    expect(said.stderr).toMatch(/^smileloop: [^\n]+\n$/);
    const json = await type("animate", ...args(), ...FAST, "--json");
    expect(json).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, error: { code, detail: expect.stringMatching(is) } });
    expectFiles("empty.jpg", "inside", "text.jpg", "there.mp4");
  });

  test("as a process, too", async () => {
    const said = await run("animate", "nobody.jpg", ...FAST, "-q");
    expect(said).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^smileloop: There is no file [^\n]+\n$/),
    });
    const json = await run("animate", "nobody.jpg", ...FAST, "--json");
    expect(json).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: "not_found" } });
    expectFiles();
  });

  // nothing is unwritable to root, but for what the system itself refuses
  const unwritable = process.getuid?.() === 0 ? (process.platform === "linux" ? "/proc" : null) : "locked";
  test.skipIf(unwritable === null)("a folder that may not be written", async () => {
    if (unwritable === "locked") {
      mkdirSync(file("locked"));
      chmodSync(file("locked"), 0o500);
    }
    const said = await type("animate", ASTRONAUT, ...FAST, "-q", "-o", `${unwritable}/a.mp4`);
    expect(said).toMatchObject({ code: 1, stdout: "" });
    expect(said.stderr).toMatch(/^smileloop: [^\n]*(written)[^\n]*\n$/);
    expectFiles(...(unwritable === "locked" ? ["locked"] : []));
  });
});

describe("a command line that is not right is told so, with exit code 2", () => {
  test.each<[args: string[], is: RegExp]>([
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
    [["dance"], /no command "dance".*animate, .*inspect, .*motion, presets, serve, webhooks, audit, erase, key, user/],
    [["key", "Alice"], /"Alice" is not a valid owner name/],
    [["key", "public"], /a name other than public/],
    [["key", "a", "b"], /Unexpected argument "b"/],
    [["user"], /Which user\? Give a name/],
    [["user", "Alice"], /"Alice" is not a valid owner name/],
    [["user", "alice", "correct horse"], /no password: that is asked for/],
    [["swap"], /Which picture or video\?/],
    [["swap", ASTRONAUT], /Whose face\? Give a picture of it after/],
    [["edit", ASTRONAUT], /What is to move, and how far\? Give one of --smile, /],
    [["edit", ASTRONAUT, "--smile", "2"], /--smile 2: at least -1 and at most 1/],
    [["edit", ASTRONAUT, "--smlie", "1"], /did you mean --smile/i],
    [["edit", ASTRONAUT, "--smile", "1", "--consent", "maybe"], /consent.*self, permission, public_domain/],
    [["enhance", ASTRONAUT, "--blend", "all"], /--blend "all" is not a number/],
    [["enhance", ASTRONAUT, GRACE_HOPPER], /one file too many/],
    [["inspect"], /Which photo\?/],
  ])("%j", async (args, is) => {
    const said = await type(...args);
    expect(said, said.stderr).toMatchObject({ code: 2, stdout: "" });
    expect(said.stderr).toMatch(is);
    expect(said.stderr).toMatch(/^smileloop: [^\n]+\n$/);
    expectFiles();
  });

  test("as a process, too", async () => {
    const wrong = ["animate", ASTRONAUT, "-p", "grin"];
    const said = await run(...wrong);
    expect(said).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^smileloop: [^\n]+\n$/) });
    const json = await run(...wrong, "--json");
    expect(json).toMatchObject({ code: 2, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: "usage" } });
    expectFiles();
  });

  test("and a password that cannot be asked for, or is none", async () => {
    const asked = await run("user", "alice");
    expect(asked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("use --password-stdin") });
    expect(asked.stderr).toMatch(/^smileloop: There is no terminal to ask for the password on; [^\n]+\n$/);
    const empty = await run("user", "alice", "--password-stdin");
    expect(empty).toMatchObject({ code: 2, stdout: "" });
    expect(empty.stderr).toMatch(/^smileloop: The password has 0 characters; at least 8[^\n]+\n$/);
  });
});
