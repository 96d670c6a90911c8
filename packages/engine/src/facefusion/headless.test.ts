import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { askedOf, type Behaviour, standInFacefusion } from "../../../../test/support/facefusion.ts";
import { isAlive } from "../../../../test/support/processes.ts";
import { barSplitter, shareOf } from "./bars.ts";
import { type Run, runHeadless } from "./headless.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-headless-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Processors alone: what else a run needs is its own. */
const ARGS = ["--processors", "face_swapper"];

function fileOf(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

/** A run of the stand-in in a folder of its own. */
function run(behaviour: Behaviour, more: Partial<Run> = {}): Promise<string> {
  const place = standInFacefusion(join(dir, "installation"), behaviour);
  const { signal } = new AbortController();
  return runHeadless(place, {
    ...{ folder: join(dir, "job"), sources: [fileOf("source.png", "source")], target: fileOf("target.png", "target ") },
    ...{ args: ARGS, limitMs: 300_000, signal, onShare() {}, ...more },
  });
}

const hanging = () => Number(readFileSync(join(dir, "installation", "hangs"), "utf8"));

test("a run ends with its result, and says how far it is by its bars", async () => {
  const shares: number[] = [];
  const result = await run({}, { onShare: (share) => shares.push(share) });
  expect(readFileSync(result, "utf8")).toBe("target source");
  expect(result).toBe(join(dir, "job", "out", "result.png"));
  expect(shares).toEqual([0.1, expect.closeTo(0.525), 0.95]);
});

test("it runs in the installation, with an environment of its own in which nothing can be fetched", async () => {
  await run({});
  const [{ cwd, env, given }] = askedOf(join(dir, "installation")) as [ReturnType<typeof askedOf>[number]];
  expect(cwd).toBe(join(dir, "installation"));
  const job = join(dir, "job");
  expect([env.HOME, env.TMPDIR]).toEqual([join(job, "home"), join(job, "home")]);
  for (const name of ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
    expect(env[name]).toBe("http://127.0.0.1:1");
  const own = ["--config-path", "--jobs-path", "--temp-path", "--output-path"].map((flag) => given[flag]![0]);
  for (const path of own) expect(path).toMatch(new RegExp(`^${job}/`));
  expect(readFileSync(given["--config-path"]![0]!, "utf8")).toBe("");
  expect(Object.keys(env)).not.toContain("VITEST");
});

test("what is said of 20 MB without an end, and in bars, is cut into lines", async () => {
  expect(readFileSync(await run({ behaves: "shouts" }), "utf8")).toBe("target source");
  const lines: string[] = [];
  const split = barSplitter((line) => lines.push(line));
  for (const part of ["one\rproc", "essing:  40%|=", "=| 4/10\r\n", "é".repeat(3000)]) split(Buffer.from(part));
  split();
  expect(lines.map((line) => line.length)).toEqual([3, 25, 2000]);
  expect(lines.map(shareOf)).toEqual([null, expect.closeTo(0.44), null]);
  expect([shareOf("analysing: 50%|=| 1/2"), shareOf("downloading: 50%|=|"), shareOf("50% of it")]).toEqual([
    0.05,
    null,
    null,
  ]);
});

describe("what came of it is not told by its exit code:", () => {
  test.each([
    ["it ends well and leaves nothing", "leaves_nothing", "engine_failed", /without a result/],
    ["its own check stops it", "refuses", "content_refused", /own content check/],
    ["the source has no face", "sees_no_source", "no_face", /no face in the source/],
    ["it fails", "fails", "engine_failed", /processing to image failed/],
    ["it is killed", "crashes", "engine_crashed", /killed/],
    ["it wants to fetch a model", "fetches", "engine_not_configured", /force-download/],
  ] as const)("%s", async (_, behaves, code, message) => {
    await expect(run({ behaves })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test.each([0, 1, 3])("its own check stops it with %i", async (code) => {
    await expect(run({ behaves: "refuses", code })).rejects.toMatchObject({
      code: "content_refused",
      retryable: false,
    });
  });

  test.each([
    [["--no-such-flag", "1"], /unrecognized arguments: --no-such-flag/],
    [["--face-detector-score", "0.51"], /--face-detector-score: invalid choice: '0.51'/],
  ])("it does not take %j", async (args, message) => {
    const refused = run({}, { args: [...ARGS, ...args] });
    await expect(refused).rejects.toMatchObject({ code: "not_supported", message: expect.stringMatching(message) });
  });
});

describe("a run that does not end", () => {
  test.each(["hangs", "is_deaf"] as const)(
    "and %s is gone with all that it has started when its job is canceled",
    async (behaves) => {
      const controller = new AbortController();
      const running = run({ behaves }, { signal: controller.signal });
      const ended = expect(running).rejects.toThrow("canceled here");
      await expect.poll(() => existsSync(join(dir, "installation", "hangs")), { timeout: 60_000 }).toBe(true);
      const pid = hanging();
      controller.abort(new Error("canceled here"));
      await ended;
      await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    },
  );

  test("has a limit", async () => {
    const running = run({ behaves: "hangs" }, { limitMs: 8000 });
    await expect(running).rejects.toMatchObject({ code: "engine_timeout", message: expect.stringContaining("8 s") });
  });
});

test("two runs at once share nothing, twenty times", async () => {
  const place = standInFacefusion(join(dir, "installation"));
  const { signal } = new AbortController();
  const one = (name: string, nth: number) => {
    const folder = join(dir, `${name}-${nth}`);
    mkdirSync(folder);
    const file = (as: string, text: string) => {
      writeFileSync(join(folder, as), text);
      return join(folder, as);
    };
    const [sources, target] = [[file("source.png", `source of ${name}`)], file("target.png", `${nth} `)];
    const own = { folder: join(folder, "run"), sources, target, args: ARGS, limitMs: 300_000, signal, onShare() {} };
    return runHeadless(place, own).then((path) => readFileSync(path, "utf8"));
  };
  for (let nth = 0; nth < 20; nth++) {
    const made = await Promise.all([one("ann", nth), one("bob", nth)]);
    expect(made).toEqual([`${nth} source of ann`, `${nth} source of bob`]);
  }
  expect(readdirSync(place.root).sort()).toEqual([
    ".assets",
    "asked.jsonl",
    "facefusion.py",
    "python",
    "stand-in.json",
  ]);
  // had they a folder in common, it would have been seen
  const [asked] = askedOf(place.root) as [ReturnType<typeof askedOf>[number]];
  for (const shared of ["--temp-path", "--jobs-path"]) {
    const fresh = join(dir, `fresh${shared}`);
    mkdirSync(fresh);
    const given = { ...asked.given, "--temp-path": [fresh], "--jobs-path": [fresh], [shared]: asked.given[shared]! };
    const args = [
      "facefusion.py",
      "headless-run",
      ...Object.entries(given).flatMap(([flag, values]) => [flag, ...values]),
    ];
    await expect(promisify(execFile)(place.python, args, { cwd: place.root })).rejects.toMatchObject({ code: 1 });
  }
}, 300_000);
