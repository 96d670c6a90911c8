/** `smileloop personalize` as people use it: a list, a preview, the batch, what failed, what is left after Ctrl-C. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { commandLine } from "../support/cli.ts";
import { spokenSound, stripedFilm } from "../support/personalized.ts";
import { until } from "../support/processes.ts";

const { file, temporaryFile, start, run, type } = commandLine();
const LIST = "name,phone,city\nAmit,1,Goa\nराम,2,पुणे\nAmit,3,Delhi\n";
const dir = mkdtempSync(join(tmpdir(), "smileloop-base-"));
const FILES = ["--video", "base.mp4", "--recipients", "people.csv"];

beforeAll(async () => {
  const sentences: [number, string][] = [
    [0.6, "Hello."],
    [2.2, "This is a film about the sea and the boats."],
  ];
  await stripedFilm(join(dir, "base.mp4"), await spokenSound(dir, { seconds: 6, sentences }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  copyFileSync(join(dir, "base.mp4"), file("base.mp4"));
  writeFileSync(file("people.csv"), LIST);
});

const made = (outdir = "output") => readdirSync(file(outdir)).sort();
const report = async (outdir = "output") => (await readReport(readFileSync(file(join(outdir, "report.csv")), "utf8")))!;
const nothingTemporary = () =>
  expect(readdirSync(temporaryFile(".")).filter((name) => name.startsWith("smileloop-"))).toEqual([]);

test("the documented dry runs say which files would be made, and make none", async () => {
  const said = await type("personalize", ...FILES, "--dry-run");
  const lines = ["Amit.mp3", "राम.mp3", "Amit (2).mp3"].map(
    (name) => `[dry-run] Would create: ${join("output", name)}\n`,
  );
  expect(said).toEqual({ code: 0, stdout: lines.join(""), stderr: "" });
  const more = ["--outdir", file("videos"), "--name-position", "end", "--silence-db", "-30", "--silence-dur", "0.3"];
  const other = await type(
    "personalize",
    ...FILES,
    ...more,
    "--text",
    "{name}",
    "--lang",
    "hi",
    "--insert-mode",
    "gold",
    "--dry-run",
  );
  expect(other.code).toBe(0);
  expect(other.stdout.split("\n")[1]).toBe(`[dry-run] Would create: ${file(join("videos", "राम.mp4"))}`);
  const one = await type("personalize", ...FILES, "--preview", "4", "--dry-run");
  expect(one.stdout).toBe(lines[2]);
  expect(existsSync(file("output")) || existsSync(file("videos"))).toBe(false);
  nothingTemporary();
});

test("what is wrong with the list or the options is told before any work", async () => {
  const faulty = async (...args: string[]) => {
    const { code, stdout, stderr } = await type("personalize", ...FILES, ...args);
    expect(stdout).toBe("");
    return [code, stderr];
  };
  expect(await faulty("--name-col", "phnoe")).toEqual([
    ...[1, "Error: Missing column 'phnoe' in people.csv. The columns are: name, phone, city. Did you mean phone?\n"],
  ]);
  writeFileSync(file("people.csv"), "naam\nAmit\n");
  expect(await faulty("--dry-run")).toEqual([
    1,
    "Error: Missing column 'name' in people.csv. The columns are: naam.\n",
  ]);
  writeFileSync(file("people.csv"), "name\nAmit\n!!\n");
  expect(await faulty()).toEqual([1, expect.stringMatching(/^Error: people\.csv: Row 3, column 'name': has neither/)]);
  writeFileSync(file("people.csv"), LIST);
  expect(await faulty("--text", "Hello {nam}")).toEqual([1, expect.stringMatching(/^Error: --text: asks for.*'nam'/)]);
  expect(await faulty("--video", "none.mp4")).toEqual([1, 'Error: There is no file "none.mp4".\n']);
  expect(await faulty("--insert-mode", "bronze")).toEqual([
    2,
    expect.stringMatching(/--insert-mode: must be one of silver/),
  ]);
  expect(await faulty("--insert-mode", "gold", "--lip-sync")).toEqual([
    2,
    expect.stringMatching(/--lip-sync: .*'gold'/),
  ]);
  expect(await faulty("--silence-db", "loud")).toEqual([
    2,
    expect.stringMatching(/--silence-db "loud" is not a number/),
  ]);
  expect(await faulty("--preview", "Amit")).toEqual([2, expect.stringMatching(/rows 2, 4 have this name/)]);
  expect(await faulty("--preview", "Sita")).toEqual([2, expect.stringMatching(/neither a recipient of this name/)]);
  expect(await faulty("--resume", "--force")).toEqual([2, expect.stringMatching(/give one of them/)]);
  expect((await type("personalize", "--recipients", "people.csv")).stderr).toMatch(/Which video\? Give --video/);
  nothingTemporary();
});

test("a preview first, then the rest; each has a file of its own, and nothing is made twice", async () => {
  const gold = [...FILES, "--insert-mode", "gold"];
  const preview = await run("personalize", ...gold, "--preview", "राम");
  expect(preview).toMatchObject({ code: 0, stdout: `${join("output", "राम.mp4")}\n` });
  expect(preview.stderr).toMatch(/^Recipients: 1 of 1\n$/);
  expect(made()).toEqual(["report.csv", "राम.mp4"]);
  const before = statSync(file("output/राम.mp4")).mtimeMs;

  const refused = await type("personalize", ...gold);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toBe(
    `Error: "${join("output", "राम.mp4")}" exists already; add --resume to make only what is missing, or --force to overwrite.\n`,
  );

  const rest = await run("personalize", ...gold, "--resume", "--json");
  expect({ ...rest, stderr: "" }).toMatchObject({ code: 0 });
  expect(JSON.parse(rest.stdout)).toEqual({
    ...{ ok: true, outdir: "output", failed: [] },
    files: [
      { row: 2, name: "Amit", file: join("output", "Amit.mp4") },
      { row: 4, name: "Amit", file: join("output", "Amit (2).mp4") },
    ],
  });
  expect(made()).toEqual(["Amit (2).mp4", "Amit.mp4", "report.csv", "राम.mp4"]);
  expect(statSync(file("output/राम.mp4")).mtimeMs).toBe(before);
  expect((await report()).map(({ row, file: name, status }) => [row, name, status])).toEqual([
    [2, "Amit.mp4", "succeeded"],
    [3, "राम.mp4", "succeeded"],
    [4, "Amit (2).mp4", "succeeded"],
  ]);
  expect(await readVideo(file("output/Amit.mp4"))).toMatchObject({ width: 64, height: 48 });
  const again = await type("personalize", ...gold, "--resume");
  expect(again).toMatchObject({ code: 0, stdout: "", stderr: "smileloop: All files are there already.\n" });
  nothingTemporary();
});

test("a recipient who fails is listed with the reason; the others have their files", async () => {
  // no voice reads runes
  writeFileSync(file("people.csv"), "name\nAmit\nᚠᚢᚦᚨᚱᚲ\n");
  const said = await run("personalize", ...FILES, "--quiet");
  expect(said).toMatchObject({ code: 1, stdout: `${join("output", "Amit.mp3")}\n` });
  expect(said.stderr).toMatch(/^Error: 1 of 2 recipients failed:\n {2}row 3, ᚠᚢᚦᚨᚱᚲ: .+\n$/);
  expect(made()).toEqual(["Amit.mp3", "report.csv"]);
  expect((await report())[1]).toMatchObject({ row: 3, status: "failed", code: "invalid_request" });
});

test("Ctrl-C leaves what is finished, and nothing else; --resume goes on from there", async () => {
  const people = Array.from({ length: 12 }, (_, nth) => `Person ${String.fromCharCode(65 + nth)}`);
  writeFileSync(file("people.csv"), `name\n${people.join("\n")}\n`);
  const { child, said, end } = start(["personalize", ...FILES, "--quiet"]);
  await until(() => said.stdout.includes("\n"));
  child.kill("SIGINT");
  expect(await end).toMatchObject({ code: 130 });
  const files = made().filter((name) => name.endsWith(".mp3"));
  expect(files.length).toBeGreaterThan(0);
  expect(files.length).toBeLessThan(12);
  expect(made()).toEqual([...files, "report.csv"]);
  expect((await report()).flatMap(({ file: name }) => name ?? []).sort()).toEqual(files);
  nothingTemporary();

  // the report tells of no file that is gone
  rmSync(file(join("output", files[0]!)));
  const rest = await type("personalize", ...FILES, "--resume", "--dry-run");
  expect(rest.stdout.split("\n").filter((line) => line !== "")).toHaveLength(12 - files.length + 1);
  expect(rest.stdout).toContain(files[0]);
});
