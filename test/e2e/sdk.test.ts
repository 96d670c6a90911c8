/** The SDK against the real server and engine, in this process and as the package that `npm run pack:sdk` makes, in a project that has nothing else. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { createSmileloop, type RunProgress, SmileloopError } from "@smileloop/sdk/index.ts";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Bytes of the whole client, compressed. */
const MOST_BYTES = 8 * 1024;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const photo = () => new Blob([readFileSync(ASTRONAUT)], { type: "image/jpeg" });
const SMALL = { preset: "gentle_smile", size: 256, duration: 1 } as const;

describe("the client", () => {
  test("makes a photo smile, tells its progress, and deletes it", async () => {
    const smileloop = createSmileloop({ baseUrl: server.url });
    const told: RunProgress[] = [];
    const clip = await smileloop.animate(photo(), { ...SMALL, onProgress: (progress) => told.push(progress) });
    const video = Buffer.from(await (await clip.blob()).arrayBuffer());
    expect(video.subarray(4, 8).toString()).toBe("ftyp");
    expect(video.byteLength).toBe(clip.output.bytes);
    expect((await fetch(await clip.link("poster"))).headers.get("content-type")).toBe("image/jpeg");
    expect(clip.output).toMatchObject({ width: 256, height: 256, content_type: "video/mp4" });
    expect(told[0]!.stage).toBe("sending");
    expect(told.at(-1)).toMatchObject({ percent: 100, job: { status: "succeeded" } });
    const percents = told.map(({ percent }) => percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    await clip.delete();
    await expect(smileloop.jobs.get(clip.job.id)).rejects.toMatchObject({ code: "gone", status: 410 });
  });

  test("tells of each preview while the others are still being made", async () => {
    const smileloop = createSmileloop({ baseUrl: server.url });
    const presets = ["wink", "nod", "kiss"];
    const told: [string, string][] = [];
    const made = await smileloop.previews(photo(), {
      ...{ presets, size: 128 },
      onOutput: (name, _, job) => told.push([name, job.status]),
    });
    expect(told.map(([name]) => name)).toEqual(presets);
    expect(told[0]![1]).toBe("running");
    expect(Object.keys(made.job.outputs)).toEqual(presets);
    expect((await made.blob("kiss")).type).toBe("video/mp4");
    expect((await made.blob()).size).toBe(made.job.outputs.wink!.bytes);
  });

  test("says what is wrong with a picture and with params", async () => {
    const smileloop = createSmileloop({ baseUrl: server.url });
    const text = new Blob(["not a picture"], { type: "text/plain" });
    const refused = await smileloop.animate(text, SMALL).catch((error) => error);
    expect(refused).toBeInstanceOf(SmileloopError);
    expect(refused.code).toBe("unsupported_type");
    const unknown = await smileloop.animate(photo(), { ...SMALL, preset: "gentle_smle" }).catch((error) => error);
    expect(unknown).toMatchObject({ code: "invalid_request", status: 422 });
    expect(unknown.errors[0]).toMatchObject({ loc: ["body", "params", "preset"] });
    const { faces } = await smileloop.inspect(photo());
    expect(faces.length).toBe(1);
  });

  test("stops the job when its signal aborts", async () => {
    const smileloop = createSmileloop({ baseUrl: server.url });
    const leaving = new AbortController();
    let id = "";
    const onProgress = ({ job }: RunProgress) => {
      if (!job) return;
      id = job.id;
      leaving.abort();
    };
    const work = smileloop.animate(photo(), { preset: "alive", duration: 10, signal: leaving.signal, onProgress });
    await expect(work).rejects.toThrow();
    await expect.poll(async () => (await smileloop.jobs.get(id)).status).toBe("canceled");
  });

  test("lists what there is, and one's own jobs", async () => {
    const smileloop = createSmileloop({ baseUrl: server.url });
    expect((await smileloop.presets()).map(({ name }) => name)).toContain("wink");
    expect((await smileloop.kinds()).map(({ name }) => name)).toContain("talk");
    expect((await smileloop.voices("hi")).length).toBeGreaterThan(0);
    const said = await smileloop.speak({ text: "Good morning!", format: "wav" });
    expect(
      Buffer.from(await (await said.blob()).arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe("RIFF");
    const { jobs } = await smileloop.jobs.list({ limit: 1 });
    expect(jobs.map(({ id }) => id)).toEqual([said.job.id]);
  });
});

describe("the package", () => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "smileloop-sdk-"));
    const npm = (args: string[], cwd: string) => execFileSync("npm", args, { cwd, stdio: "pipe" });
    npm(["run", "pack:sdk", "--", "--pack-destination", project], ROOT);
    const [tarball] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
    npm(["install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], project);
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test("is small, and brings nothing else along", () => {
    const installed = join(project, "node_modules/@smileloop/sdk");
    const { dependencies = {} } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(dependencies).toEqual({});
    expect(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["@smileloop"]);
    // as bundlers make it
    const { code } = transformSync(readFileSync(join(installed, "dist/index.js"), "utf8"), { minify: true });
    expect(gzipSync(code).byteLength).toBeLessThanOrEqual(MOST_BYTES);
  });

  test("works in a fresh project", () => {
    writeFileSync(
      join(project, "smile.mjs"),
      `import { readFileSync } from "node:fs";
      import { createSmileloop } from "@smileloop/sdk";
      const smileloop = createSmileloop({ baseUrl: process.argv[2] });
      const clip = await smileloop.animate(readFileSync(process.argv[3]), { preset: "blink", size: 256, duration: 1 });
      console.log(clip.job.status, (await clip.blob()).size === clip.output.bytes);`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, ["smile.mjs", server.url, ASTRONAUT], { cwd: project });
    expect(`${stdout}${stderr}`).toBe("succeeded true\n");
  });

  test("has types that a strict compiler accepts, and that refuse what is wrong", () => {
    writeFileSync(
      join(project, "typed.ts"),
      `import { createSmileloop, SmileloopError, type Result } from "@smileloop/sdk";
      const smileloop = createSmileloop({ baseUrl: "http://localhost:8000", store: localStorage });
      export const clip: Promise<Result> = smileloop.talk(new Blob(), { text: "Hello!", format: "webm", keep: "hello" });
      // @ts-expect-error
      smileloop.animate(new Blob(), { preset: "wink", size: 300 });
      clip.catch((error) => error instanceof SmileloopError && error.code === "no_face");`,
    );
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--types", ""];
    for (const module of [
      ["--module", "nodenext"],
      ["--module", "esnext", "--moduleResolution", "bundler"],
    ]) {
      const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
      const { stdout } = spawnSync(process.execPath, [tsc, ...options, ...module, "typed.ts"], { cwd: project });
      expect(stdout.toString()).toBe("");
    }
  });
});
