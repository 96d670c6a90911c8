/** `npm run deploy` and its like, with a program in SST's place that writes down what it is asked. */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { apiKeySha256 } from "@smileloop/core/api-keys.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPTS = join(import.meta.dirname, "../../scripts");

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-deploy-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** `inputs`: what each call read. */
type Said = { status: number; stdout: string; stderr: string; calls: string[][]; inputs: string[] };

/** `says`: by the first words of a call, its exit status and what it prints. */
function deploy(
  args: string[],
  says: Record<string, readonly [number, string]>,
  env: Record<string, string> = {},
  script = "deploy",
): Promise<Said> {
  const sst = join(dir, "sst");
  const calls = join(dir, "calls");
  writeFileSync(
    sst,
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
const input = args[0] === "secret" ? readFileSync(0, "utf8") : "";
appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ args, input }) + "\\n");
const says = ${JSON.stringify(says)};
const [status, text] = says[Object.keys(says).find((words) => args.join(" ").startsWith(words))] ?? [0, ""];
console.log(text);
process.exit(status);
`,
  );
  chmodSync(sst, 0o755);
  writeFileSync(calls, "");
  const path = [dir, dirname(process.execPath)].join(delimiter);
  const variables = { PATH: path, HOME: dir, AWS_PROFILE: "test", ...env };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(SCRIPTS, `${script}.ts`), ...args],
      { env: variables },
      (error, stdout, stderr) => {
        const lines = readFileSync(calls, "utf8").split("\n").filter(Boolean);
        const asked = lines.map((line) => JSON.parse(line) as { args: string[]; input: string });
        const status = typeof error?.code === "number" ? error.code : 0;
        const [calledWith, inputs] = [asked.map(({ args }) => args), asked.map(({ input }) => input)];
        resolve({ status, stdout, stderr, calls: calledWith, inputs });
      },
    );
    child.stdin?.end("production\n");
  });
}

describe("the first deployment", () => {
  it("makes a key, stores its hash alone and shows it once, also when it fails after that", async () => {
    const said = await deploy(["--bundled"], { "secret list": [1, "No secrets found"], deploy: [1, "no"] });
    expect(said.status).toBe(1);
    const [key, ...again] = said.stdout.match(/(?<=^ {4})sl_\S+$/gm) ?? [];
    expect(again).toEqual([]);
    expect(said.calls).toEqual([
      ["secret", "list", "--stage", "production"],
      ["secret", "set", "ApiKeys", `me:${apiKeySha256(key!)}`, "--stage", "production"],
      ["secret", "set", "SealKey", "--stage", "production"],
      ["secret", "set", "SigningKey", "--stage", "production"],
      ["secret", "set", "MarkKey", "--stage", "production"],
      ["deploy", "--stage", "production"],
    ]);
    expect(JSON.stringify(said.calls)).not.toContain(key);
  });

  it("makes none where there are keys, or where nobody can tell", async () => {
    const there = await deploy(["--bundled"], {
      "secret list": [0, "# smileloop/production\nApiKeys=me:00\nSealKey=abc\nSigningKey=def\nMarkKey=ghi"],
      deploy: [1, ""],
    });
    expect([there.calls.length, there.stdout]).toEqual([2, expect.not.stringContaining("sl_")]);
    const broken = await deploy(["--bundled"], { "secret list": [1, "no such host"] });
    expect([broken.status, broken.calls.length]).toEqual([1, 1]);
    expect(broken.stderr).toContain("no such host");
  });
});

describe("the key that secrets of jobs are sealed with", () => {
  const there = "# smileloop/production\nApiKeys=me:00\n";
  const says = (list: string) => ({ "secret list": [0, list], deploy: [1, ""] }) as const;

  it("is made at the first deployment, and stands in no list of processes and in no output", async () => {
    const said = await deploy(["--bundled"], says(there));
    expect(said.calls.slice(1)).toEqual([
      ["secret", "set", "SealKey", "--stage", "production"],
      ["secret", "set", "SigningKey", "--stage", "production"],
      ["secret", "set", "MarkKey", "--stage", "production"],
      ["deploy", "--stage", "production"],
    ]);
    const [, key = ""] = said.inputs;
    expect(Buffer.from(key, "base64")).toHaveLength(32);
    expect(JSON.stringify([said.calls, said.stdout, said.stderr])).not.toContain(key);
  });

  it("stays as it is", async () => {
    const { calls } = await deploy(["--bundled"], says(`${there}SealKey=abc\nSigningKey=def\nMarkKey=ghi\n`));
    expect(calls.map(([command]) => command)).toEqual(["secret", "deploy"]);
  });
});

describe("one more key", () => {
  it("is added to those that there are", async () => {
    const list = "# smileloop/production\nOther=1\nApiKeys=me:00\n";
    const says = { "secret list": [0, list], deploy: [1, ""] } as const;
    const said = await deploy(["--bundled", "--new-key", "alice"], says);
    const [key] = said.stdout.match(/(?<=^ {4})sl_\S+$/m) ?? [];
    expect(said.calls[1]).toEqual([
      ...["secret", "set", "ApiKeys", `me:00,alice:${apiKeySha256(key!)}`],
      ...["--stage", "production"],
    ]);
  });
});

describe("the keys that a stage has", () => {
  const list = (own: string) => `# fallback\nApiKeys=all:00\nSealKey=abc\nSigningKey=def\nMarkKey=ghi\n${own}`;
  const stage = ["--stage", "test"];

  it("are read below its own heading, whatever all stages share", async () => {
    const says = { "secret list": [0, list("# smileloop/test\nApiKeys=me:11\n")], deploy: [1, ""] } as const;
    const said = await deploy(["--bundled", ...stage, "--new-key", "alice"], says);
    expect(said.calls[1]?.[3]).toMatch(/^me:11,alice:[0-9a-f]{64}$/);
  });

  it("are those that all stages share where it has none: one more does not hide them", async () => {
    const says = { "secret list": [0, list("")], deploy: [1, ""] } as const;
    expect((await deploy(["--bundled", ...stage], says)).calls).toHaveLength(2);
    const said = await deploy(["--bundled", ...stage, "--new-key", "alice"], says);
    expect(said.calls[1]?.[3]).toMatch(/^all:00,alice:[0-9a-f]{64}$/);
  });
});

it.each(["deploy", "smoke", "bundle", "costs"])("npm run %s -- --help says what there is", async (script) => {
  const { stdout, stderr, status, calls } = await deploy(["--help"], {}, {}, script);
  expect([status, stderr, calls]).toEqual([0, "", []]);
  expect(stdout).toMatch(new RegExp(`^npm run ${script} `));
});

describe("a start that cannot succeed says why, and asks nothing of SST", () => {
  it.each([
    ["no credentials", [], { AWS_PROFILE: "" }, "No AWS credentials were found"],
    ["a setting", [], { GPU: "1" }, "GPU_IMAGE: "],
    ["a dialect", [], { ATTEST: "face-fusion" }, "ATTEST: there is no dialect `face-fusion`"],
    ["a region", [], { AWS_REGION: "eu-south-2" }, "AWS_REGION: `eu-south-2` has no Lambda Function URLs"],
    ["an owner", ["--new-key", "Al ice"], {}, "--new-key: "],
    ["an owner that the API would not start with", ["--new-key", "public"], {}, "--new-key: `public` is reserved for"],
    ["a stage", ["--stage", "Big One"], {}, "`Big One`"],
    ["a command", ["destroy"], {}, "`destroy` is not a command"],
  ])("%s", async (_, args, env, words) => {
    const { status, stderr, calls } = await deploy([...args, "--bundled"], {}, env);
    expect([status, calls]).toEqual([1, []]);
    expect(stderr).toMatch(/^deploy: /);
    expect(stderr).toContain(words);
  });
});

describe("removing", () => {
  it("asks first, and takes nothing but the stage's name for an answer", async () => {
    const no = await deploy(["remove", "--stage", "test"], {});
    expect([no.status, no.calls, no.stderr]).toEqual([1, [], "deploy: Nothing was deleted.\n"]);
    const yes = await deploy(["remove"], {});
    expect([yes.status, yes.calls]).toEqual([0, [["remove", "--stage", "production"]]]);
    expect((await deploy(["remove", "--stage", "test", "--yes"], {})).calls).toHaveLength(1);
    const anywhere = await deploy(["remove", "--stage", "test", "--yes"], {}, { AWS_REGION: "eu-south-2" });
    expect(anywhere.calls).toHaveLength(1);
  });
});
