/** What can be said of the image without building it: its locks are whole, its pins hold, and what it copies is there. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MODULES } from "../../functions/engines/liveportrait.ts";
import { PYTHON } from "../support/python.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
/** Packages by the modules that they bring, where the names differ. */
const PACKAGE_OF: Record<string, string> = { cv2: "opencv-python-headless", yaml: "pyyaml", PIL: "pillow" };
/** Imported by tests and measurements only. */
const FOR_TESTS = /(^|\/)(tests?|bench)(\/|_|\.)|_test\.py$|test_[a-z_]+\.py$/;

const weights = JSON.parse(read("gpu-container/weights.lock")) as {
  liveportrait: { repository: string; commit: string };
  files: { name: string; url: string; revision: string; bytes: number; sha256: string; licence: string }[];
};
const requirements = read("gpu-container/requirements.lock");
const locked = new Map(
  [...requirements.matchAll(/^([a-z0-9-]+)==(\S+) \\$/gm)].map(([, name, version]) => [name!, version!]),
);
const sources = globSync("gpu-container/**/*.py", { cwd: ROOT, exclude: (path) => path.includes("__pycache__") });

/** Instructions, their continued lines joined, without comments. */
const instructions = read("gpu-container/Dockerfile")
  .replaceAll(/^\s*#.*\n/gm, "")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => /^(\S+)\s+(.*)$/.exec(line.trim())!.slice(1) as [string, string]);
const of = (name: string) => instructions.filter(([word]) => word === name).map(([, rest]) => rest);

describe("weights.lock", () => {
  test("every file has an address with a pinned revision, a size and a hash", () => {
    expect(weights.liveportrait.commit).toMatch(/^[0-9a-f]{40}$/);
    for (const file of weights.files) {
      expect(file.url).toMatch(new RegExp(`^https://[a-z.]+/.*/${file.revision}/.*${file.name.split("/").at(-1)}$`));
      expect(file.revision).toMatch(/^[0-9a-f]{40}$/);
      expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(file.bytes).toBeGreaterThan(100_000);
      expect(file.licence).toBe("MIT");
    }
    expect(new Set(weights.files.map(({ name }) => name)).size).toBe(weights.files.length);
  });

  test("nothing is fetched or shipped that may not be used for money", () => {
    const shipped = ["Dockerfile", "weights.lock", "requirements.lock", "requirements.in", "setup.sh", "checkout.sh"];
    for (const name of shipped)
      expect(read(`gpu-container/${name}`)).not.toMatch(/insightface|buffalo|det_10g|2d106|xpose/i);
  });
});

describe("requirements.lock", () => {
  test("every package has a version and a hash, and nothing else is in it", () => {
    const entry = /^[a-z0-9-]+==[0-9][\w.+]* \\\n {4}--hash=sha256:[0-9a-f]{64}$/gm;
    expect(requirements.replaceAll(/^#.*$/gm, "").replaceAll(entry, "").trim()).toBe("");
    expect(locked.size).toBe(requirements.match(/--hash/g)!.length);
  });

  test("it holds what was asked for, in the version that was asked for", () => {
    const asked = [...read("gpu-container/requirements.in").matchAll(/^([a-z0-9-]+)==(\S+)$/gm)];
    expect(asked.length).toBeGreaterThan(5);
    for (const [, name, version] of asked) expect([name, locked.get(name!)]).toEqual([name, version]);
  });

  test("what the server looks for in a Python is locked", () => {
    for (const name of MODULES) expect([...locked.keys()]).toContain(PACKAGE_OF[name] ?? name);
  });

  test.skipIf(PYTHON === null)("everything that the engine imports is locked, and the server looks for it", () => {
    const engine = sources.filter((path) => path.includes("/liveportrait/") && !FOR_TESTS.test(path));
    const imported = importsOf(engine).filter((name) => !["liveportrait", "src"].includes(name));
    for (const name of imported) expect([...locked.keys()]).toContain(PACKAGE_OF[name] ?? name);
    expect(MODULES).toEqual(expect.arrayContaining(imported));
  });
});

describe("the Dockerfile", () => {
  test("every base is pinned by digest", () => {
    const bases = of("ARG").map((line) => line.split("=").slice(1).join("="));
    for (const base of bases) expect(base).toMatch(/^[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    const stages = of("FROM").map((line) => line.split(/\s+AS\s+/i));
    const names = stages.map(([, name]) => name);
    for (const [from] of stages) expect(from!.startsWith("${") || names.includes(from)).toBe(true);
  });

  test("whatever it copies is in the repository and is sent to the builder, or comes from an earlier stage", () => {
    const ignored = read("gpu-container/Dockerfile.dockerignore");
    const names = of("FROM").map((line) => line.split(/\s+AS\s+/i)[1]);
    for (const copy of of("COPY")) {
      const words = copy.split(/\s+/);
      const stage = /^--from=(.+)$/.exec(words[0]!)?.[1];
      if (stage !== undefined) {
        expect(names).toContain(stage);
        continue;
      }
      for (const source of words.slice(0, -1)) {
        expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
        expect(ignored).toContain(`!${source.split("/")[0]}\n`);
      }
    }
  });

  test("packages are installed by their hashes, weights and the checkout by theirs", () => {
    const run = of("RUN").join("\n");
    expect(run.match(/pip install/g)).toHaveLength(1);
    expect(run).toContain("--require-hashes --only-binary :all: -r /build/requirements.lock");
    expect(run).toContain("weights.py fetch --to /opt/weights");
    expect(run).toContain("checkout.sh /opt/liveportrait");
    // one place for each pin
    for (const name of ["Dockerfile", "setup.sh", "checkout.sh"]) {
      expect(read(`gpu-container/${name}`)).not.toContain(weights.liveportrait.commit);
    }
  });

  test("it runs as nobody in particular, under an init, with a health check", () => {
    expect(of("USER")).toEqual(["smileloop"]);
    expect(of("ENTRYPOINT")).toEqual(['["/usr/bin/tini", "--"]']);
    expect(of("CMD")).toEqual(['["node", "functions/worker.mjs"]']);
    expect(of("HEALTHCHECK")[0]).toContain('CMD ["node", "gpu-container/health.mjs"]');
    expect(of("ENV")[0]).toContain('ENGINES="animate=liveportrait,talk=liveportrait"');
  });
});

describe.skipIf(PYTHON === null)("the Python code", () => {
  test("compiles", () => {
    const compile = "import sys\nfor p in sys.argv[1:]: compile(open(p, encoding='utf-8').read(), p, 'exec')";
    const { status, stderr } = spawnSync(PYTHON!, ["-c", compile, ...sources], { cwd: ROOT });
    expect([status, stderr.toString()]).toEqual([0, ""]);
  });
});

/** The modules of others that these files import. */
function importsOf(paths: string[]): string[] {
  const list = `import ast, json, sys
names = set()
for path in sys.argv[1:]:
    for node in ast.walk(ast.parse(open(path, encoding="utf-8").read())):
        if isinstance(node, ast.Import): names |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0: names.add(node.module.split(".")[0])
print(json.dumps(sorted(names - set(sys.stdlib_module_names))))`;
  return JSON.parse(spawnSync(PYTHON!, ["-c", list, ...paths], { cwd: ROOT }).stdout.toString()) as string[];
}
