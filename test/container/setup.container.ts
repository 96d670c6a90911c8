/** The set-up of a desktop, with small stand-ins for what it fetches: a repository, a package and a weight. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PYTHON } from "../support/python.ts";

const GPU = join(import.meta.dirname, "../../gpu-container");
const hasGit = spawnSync("git", ["--version"]).status === 0;

let dir: string;
let commit: string;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
    cwd: join(dir, "repository"),
  }).toString();

describe.skipIf(PYTHON === null || !hasGit || process.platform !== "linux")("setup.sh", () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "smileloop-setup-"));
    mkdirSync(join(dir, "repository/src"), { recursive: true });
    writeFileSync(join(dir, "repository/src/live_portrait_wrapper.py"), "");
    git("init", "-q");
    git("add", ".");
    git("commit", "-q", "-m", "all");
    commit = git("rev-parse", "HEAD").trim();
    lockWith(commit);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  function lockWith(pinned: string) {
    const liveportrait = { repository: `file://${join(dir, "repository")}`, commit: pinned };
    writeFileSync(join(dir, "weights.lock"), JSON.stringify({ liveportrait, files: [] }));
  }
  function checkout(to: string) {
    const { status, stdout, stderr } = spawnSync(join(GPU, "checkout.sh"), [to], {
      env: { ...process.env, LOCK: join(dir, "weights.lock") },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  test("the checkout is at the pinned commit, also the second time", () => {
    const to = join(dir, "good");
    for (const _time of [1, 2]) expect(checkout(to)).toMatchObject({ status: 0 });
    expect(readFileSync(join(to, "COMMIT"), "utf8").trim()).toBe(commit);
    expect(existsSync(join(to, "src/live_portrait_wrapper.py"))).toBe(true);
  });

  test("one that was changed, is somewhere else or is no checkout is left alone, and said so", () => {
    const to = join(dir, "changed");
    checkout(to);
    writeFileSync(join(to, "src/live_portrait_wrapper.py"), "changed");
    expect(checkout(to)).toMatchObject({ status: 1, said: expect.stringContaining("differ from the pinned commit") });
    lockWith("1".repeat(40));
    expect(checkout(to)).toMatchObject({ status: 1, said: expect.stringContaining("not at the pinned 1111") });
    expect(checkout(join(dir, "new"))).toMatchObject({ status: 1, said: expect.stringContaining("can't be had from") });
    lockWith(commit);
    expect(checkout(dir)).toMatchObject({ status: 1, said: expect.stringContaining("not empty") });
  });

  test("sets all of it up, and takes no package whose hash differs", () => {
    const wheel = makeWheel();
    const weight = Buffer.from("a weight");
    mkdirSync(join(dir, "root/pretrained_weights"), { recursive: true });
    cpSync(join(dir, "repository"), join(dir, "root"), { recursive: true });
    writeFileSync(join(dir, "root/pretrained_weights/a.pth"), weight);
    const sha256 = createHash("sha256").update(weight).digest("hex");
    const file = {
      name: "a.pth",
      url: "https://example.org/0123456",
      revision: "0123456",
      bytes: weight.length,
      sha256,
    };
    const liveportrait = { repository: "file:///nowhere", commit };
    writeFileSync(join(dir, "setup.lock"), JSON.stringify({ liveportrait, files: [file] }));
    const requirements = join(dir, "requirements.lock");
    const setup = () =>
      spawnSync(join(GPU, "setup.sh"), [join(dir, "root")], {
        env: {
          ...process.env,
          ...{ LOCK: join(dir, "setup.lock"), REQUIREMENTS: requirements, PYTHON: PYTHON! },
          ...{ PIP_NO_INDEX: "1", PIP_FIND_LINKS: dir, PIP_EXTRA_INDEX_URL: "", PIP_CONFIG_FILE: "/dev/null" },
        },
      });
    const pip = spawnSync(PYTHON!, ["-c", "import sys; sys.exit(sys.version_info[:2] != (3, 11))"]);
    writeFileSync(requirements, `tiny==1.0 --hash=sha256:${"0".repeat(64)}\n`);
    const refused = setup();
    expect(refused.status).not.toBe(0);
    if (pip.status !== 0) {
      expect(refused.stderr.toString()).toContain("--unlocked");
      return;
    }
    expect(refused.stderr.toString()).toMatch(/DO NOT MATCH THE HASHES/);
    writeFileSync(requirements, `tiny==1.0 --hash=sha256:${wheel}\n`);
    const done = setup();
    expect([done.status, done.stderr.toString()]).toEqual([0, ""]);
    expect(done.stdout.toString()).toContain(`LIVEPORTRAIT_ROOT=${join(dir, "root")} npm start`);
    expect(spawnSync(join(dir, "root/.venv/bin/python"), ["-c", "import tiny"]).status).toBe(0);
  }, 60_000);

  /** A package of one empty module; answers its hash. */
  function makeWheel(): string {
    const make = `import sys, zipfile
info = "tiny-1.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny.py", "")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "tiny.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")`;
    const path = join(dir, "tiny-1.0-py3-none-any.whl");
    execFileSync(PYTHON!, ["-c", make, path]);
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  }
});
