/** What can be said of the server's image, its compose file and its systemd unit without building or starting anything. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envSchema } from "@smileloop/core/env.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { programPath } from "../support/proxies.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const SETTINGS = new Set(Object.keys(envSchema.shape));
/** Of Node, not ours. */
const OTHERS = new Set(["NODE_ENV"]);
const unknown = (names: string[]) => names.filter((name) => !SETTINGS.has(name) && !OTHERS.has(name));

const instructionsOf = (file: string) =>
  read(file)
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => /^(\S+)\s+(.*)$/.exec(line.trim())!.slice(1) as [string, string]);
const instructions = instructionsOf("Dockerfile");
const of = (name: string) => instructions.filter(([word]) => word === name).map(([, rest]) => rest);

describe("the Dockerfile", () => {
  test("its base is pinned by digest, and is that of the other image", () => {
    const [base] = of("ARG");
    expect(base).toMatch(/^NODE=node:24-bookworm-slim@sha256:[0-9a-f]{64}$/);
    expect(instructionsOf("gpu-container/Dockerfile").map(([, rest]) => rest)).toContain(base);
    expect(of("FROM").every((from) => /^\$\{NODE\}/.test(from))).toBe(true);
    const [, major] = /node:(\d+)-/.exec(base!)!;
    for (const version of Object.values(manifest.optionalDependencies)) expect(version.split(".")[0]).toBe(major);
  });

  test("whatever it copies is in the repository and is sent to the builder", () => {
    const sent = read(".dockerignore").split("\n");
    expect(sent[1]).toBe("*");
    const copied = of("COPY").filter((copy) => !copy.startsWith("--from="));
    const sources = copied.flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    expect(sources).toEqual(expect.arrayContaining(["package-lock.json", "functions", "packages", "presets"]));
    for (const source of sources) {
      expect([source, existsSync(join(ROOT, source)), sent.includes(`!${source}`)]).toEqual([source, true, true]);
    }
    expect(sent).toEqual(expect.arrayContaining(["**/node_modules", "**/*.test.ts"]));
  });

  test("what is compiled ahead is made by the user that serves, who cannot write it afterwards", () => {
    const made = of("RUN").find((run) => run.includes("precompile.ts"))!;
    const [, script] = /--reuid=smileloop .* node (\S+)/.exec(made)!;
    expect(existsSync(join(ROOT, script!))).toBe(true);
    // Node writes what only its writer may read
    expect(made.trim()).toMatch(/chown -R root:root node_modules\/\.cache && chmod -R a\+rX node_modules\/\.cache$/);
  });

  test("it installs from the lock, and runs the server as a user without rights, under an init, with a health check", () => {
    expect(of("RUN").join("\n")).toContain("npm ci --omit=dev");
    expect(of("USER")).toEqual(["smileloop"]);
    expect(of("VOLUME")).toEqual(["/data"]);
    expect(of("ENTRYPOINT")).toEqual(['["/usr/bin/tini", "--"]']);
    const command = JSON.parse(of("CMD")[0]!) as string[];
    // as `npm start` starts it, without npm
    expect(`${command.join(" ")} --with-parent`).toBe(manifest.scripts.start);
    const [, check] = /CMD (\[.*\])$/.exec(of("HEALTHCHECK")[0]!)!;
    const [node, flag, script] = JSON.parse(check!) as string[];
    expect([node, flag]).toEqual(["node", "-e"]);
    expect(script).toContain("/ready");
  });

  test("every variable that it sets is one of the server's", () => {
    const names = of("ENV").flatMap((line) => [...line.matchAll(/([A-Z_]+)=/g)].map(([, name]) => name!));
    expect(names).toEqual(expect.arrayContaining(["HOST", "PORT", "DATA_DIR"]));
    expect(unknown(names)).toEqual([]);
  });
});

const SAFEGUARDS = [
  "CONTENT_CHECK",
  "CONTENT_ALLOW",
  "ATTEST",
  "FACEFUSION_ATTEST",
  "REQUIRE_CONSENT",
  "FACEFUSION_MAX_MB",
];
const ELSEWHERE = ["ENGINES", "SYNC_API_URL", "SYNC_API_KEY"];

test("compose.yaml: variables of the server, the image's port on loopback, its volume", () => {
  const text = read("compose.yaml");
  const [, block] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(text)!;
  const names = [...block!.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name!);
  expect(names).toEqual([
    "API_KEYS",
    "API_KEY",
    "USERS",
    "PUBLIC_URL",
    ...SAFEGUARDS,
    ...ELSEWHERE,
    "ALLOW_OPEN",
    "ALLOWED_HOSTS",
  ]);
  expect(unknown(names)).toEqual([]);
  const [, port] = /PORT=(\d+)/.exec(of("ENV")[0]!)!;
  expect(text).toContain(`- "127.0.0.1:${port}:${port}"`);
  expect(of("EXPOSE")).toEqual([port]);
  expect(text).toMatch(/^ {6}- data:\/data$/m);
});

describe("the systemd unit", () => {
  const unit = read("docs/smileloop.service");
  const valuesOf = (name: string) => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!);

  test("starts what is in a checkout, as `npm start` does, with variables of the server", () => {
    const [command] = valuesOf("ExecStart");
    const inCheckout = command!.replace("/opt/smileloop/node_modules/.bin/", "");
    expect(`${inCheckout} --with-parent`).toBe(manifest.scripts.start);
    const names = valuesOf("Environment").flatMap((line) => line.split(" ").map((pair) => pair.split("=")[0]!));
    expect(unknown(names)).toEqual([]);
    expect(valuesOf("StateDirectory")).toEqual(["smileloop"]);
    expect(valuesOf("Environment")[0]).toContain("DATA_DIR=/var/lib/smileloop");
    // V8 would not run
    expect(valuesOf("MemoryDenyWriteExecute")).toEqual([]);
  });

  const analyze = programPath("systemd-analyze");
  test.skipIf(analyze === null)("is valid for systemd, and closed to most of the machine", () => {
    const dir = mkdtempSync(join(tmpdir(), "smileloop-unit-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const file = join(dir, "smileloop.service");
    writeFileSync(file, unit.replaceAll("/opt/smileloop/node_modules/.bin/node", process.execPath));
    const verify = spawnSync(analyze!, ["verify", "--man=no", file], { encoding: "utf8" });
    const about = (verify.stdout + verify.stderr).split("\n").filter((line) => line.includes("smileloop.service"));
    expect(about).toEqual([]);
  });
});
