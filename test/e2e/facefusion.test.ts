/** An operator's FaceFusion beside the built-in engine, on the real server with a stand-in for the installation. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { drivingClip, hump } from "../support/clips.ts";
import { askedOf, type Behaviour, standInFacefusion } from "../support/facefusion.ts";
import { foundMark, markOf } from "../support/found-mark.ts";
import { ASTRONAUT, GRACE_HOPPER } from "../support/pictures.ts";
import { isAlive, until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "smileloop-facefusion-"));
afterAll(() => rmSync(folder, { recursive: true }));

const root = join(folder, "installation");
let server: ServerProcess;
beforeEach(async () => {
  const { python } = standInFacefusion(root);
  const ENGINES = "process_image=warp+facefusion,process_video=warp+facefusion";
  const env = { ENGINES, FACEFUSION_ROOT: root, FACEFUSION_PYTHON: python, WARP_PROCESSES: "1", LOG_LEVEL: "warn" };
  server = await startServer({ env });
});
afterEach(() => server.stop());

async function post(processors: string[], behaviour: Behaviour = {}, film?: Buffer): Promise<Job> {
  standInFacefusion(root, behaviour);
  const [kind, bytes, type] = film
    ? ["process_video", film, "video/mp4"]
    : ["process_image", readFileSync(ASTRONAUT), "image/jpeg"];
  const target = { upload: await upload(server.url, bytes, type) };
  const asked = { kind, inputs: { target }, params: { processors, consent: { subject: "self" } } };
  const reply = await postJson(`${server.url}/v1/jobs`, asked);
  expect(reply.status).toBeLessThan(300);
  return (await reply.json()) as Job;
}

/** Of the run that hangs. */
async function hanging(): Promise<number> {
  const path = join(root, "hangs");
  await until(() => existsSync(path) && readFileSync(path, "utf8") !== "");
  const pid = Number(readFileSync(path, "utf8"));
  rmSync(path);
  return pid;
}

test("it does the steps that are not built in, and what it makes carries our mark", async () => {
  const kinds = JSON.stringify(await (await fetch(`${server.url}/v1/kinds`)).json());
  expect(kinds).toContain('"facefusion":["age_modifier","deep_swapper"');
  const job = await endOf(server.url, (await post(["age_modifier", "face_debugger"])).id);
  expect(job).toMatchObject({ status: "succeeded", engine: { name: "facefusion" } });
  const made = Buffer.from(await (await fetch(job.outputs.image!.url)).arrayBuffer());
  expect(`${(await sharp(made).metadata()).xmp}`).toContain("digitalsourcetype");
  expect(await foundMark(job, "image", server.dataDir)).toEqual(markOf(job, "image"));
  const other = await endOf(server.url, (await post(["face_debugger"])).id);
  expect(other).toMatchObject({ status: "succeeded", engine: { name: "warp" } });
});

test("a video that it has made carries our mark, and so does its poster", async () => {
  const film = await drivingClip(ASTRONAUT, 25, { jawOpen: hump(25, 0.4) }, 512);
  const job = await endOf(server.url, (await post(["age_modifier"], {}, film)).id);
  expect(job).toMatchObject({ status: "succeeded", error: null, engine: { name: "facefusion" } });
  for (const output of ["video", "poster"]) {
    expect(await foundMark(job, output, server.dataDir), output).toEqual(markOf(job, output));
  }
});

test("a job that is canceled leaves no run, and the next one is done; nor does a server that is killed", async () => {
  const { id } = await post(["age_modifier"], { behaves: "is_deaf" });
  const first = await hanging();
  await fetch(`${server.url}/v1/jobs/${id}/cancel`, { method: "POST" });
  expect(await endOf(server.url, id)).toMatchObject({ status: "canceled" });
  await until(() => !isAlive(first));
  expect(await endOf(server.url, (await post(["age_modifier"])).id)).toMatchObject({ status: "succeeded" });
  await post(["age_modifier"], { behaves: "is_deaf" });
  const second = await hanging();
  await server.stop("SIGKILL");
  await until(() => !isAlive(second));
});

test("a command has it where it is named, by an option or by ENGINES", async () => {
  const { python } = standInFacefusion(root);
  const cli = fileURLToPath(new URL("../../packages/cli/bin/smileloop.mjs", import.meta.url));
  const swap = async (name: string, args: string[], more: Record<string, string>) => {
    const output = join(folder, name);
    const env = { PATH: process.env.PATH, FACEFUSION_ROOT: root, FACEFUSION_PYTHON: python, ...more };
    const all = [cli, "swap", ASTRONAUT, GRACE_HOPPER, "-q", "-o", output, ...args];
    await promisify(execFile)(process.execPath, all, { env });
    expect((await sharp(output).metadata()).format).toBe("jpeg");
    return runs();
  };
  const runs = () => (existsSync(join(root, "asked.jsonl")) ? askedOf(root).length : 0);
  const before = runs();
  expect(await swap("option.jpg", ["--engine", "facefusion"], {})).toBe(before + 1);
  expect(await swap("variable.jpg", [], { ENGINES: "process_image=facefusion" })).toBe(before + 2);
  expect(await swap("own.jpg", [], {})).toBe(before + 2);
});
