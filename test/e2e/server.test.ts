/** The service as its documents show it: the real server, the clients as they are written there. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { animate, endOf, type Job, postJob, upload } from "../support/client.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const PRESETS = ["gentle_smile", "big_smile", "blink", "alive"];
let server: ServerProcess;
/** Where the clients run; there is a photo.jpg in it. */
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-e2e-"));
  copyFileSync(ASTRONAUT, join(folder, "photo.jpg"));
  server = await startServer({ env: { LOG_LEVEL: "warn", WARP_PROCESSES: "2" } });
});

afterAll(async () => {
  const exit = await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(exit).toMatchObject({ code: 0, signal: null });
  expect(server.stderr()).toBe("");
});

/** Runs a client as it is documented, but for the port. */
async function shell(script: string): Promise<string> {
  const here = script.replaceAll(/(127\.0\.0\.1|localhost):8000/g, `127.0.0.1:${server.port}`);
  const { stdout } = await promisify(execFile)("bash", ["-euc", here], { cwd: folder });
  return stdout;
}

test("the documented curl makes a job, and its video is downloaded", async () => {
  const said = await shell(`curl -s -X POST http://127.0.0.1:8000/animate \\
  -F "source_image=@photo.jpg" \\
  -F "preset=gentle_smile"`);
  const job = JSON.parse(said) as { job_id: string };
  expect(job).toEqual({
    job_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    status: "done",
    preset: "gentle_smile",
    download_url: `/download/${job.job_id}`,
  });
  await shell(`curl -s -o result.mp4 http://127.0.0.1:8000/download/${job.job_id}`);
  const video = await readVideo(join(folder, "result.mp4"));
  expect(video).toMatchObject({ codec: "h264", width: 512, height: 512, frames: 75, constantRate: true, bt709: true });
  expect(video.fps).toBeCloseTo(25, 3);
  expect(JSON.stringify(video.tags)).toContain(job.job_id);

  const status = await fetch(`${server.url}/job/${job.job_id}`);
  expect(await status.json()).toMatchObject({ status: "done", download_url: `/download/${job.job_id}` });
  const whole = readFileSync(join(folder, "result.mp4"));
  const head = await fetch(`${server.url}/download/${job.job_id}`, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(whole.byteLength));
  const part = await fetch(`${server.url}/download/${job.job_id}`, { headers: { range: "bytes=100-299" } });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(`bytes 100-299/${whole.byteLength}`);
  expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100, 300))).toBe(true);
});

test("every preset makes another video, sent at once to who accepts MP4", async () => {
  const hashes = new Set<string>();
  for (const preset of PRESETS) {
    const reply = await animate(server.url, ASTRONAUT, preset, { accept: "video/mp4" });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("content-type")).toBe("video/mp4");
    expect(reply.headers.get("x-inference-mode")).toBe("local");
    expect(reply.headers.get("x-inference-time")).toMatch(/^\d+\.\d\ds$/);
    const bytes = Buffer.from(await reply.arrayBuffer());
    const path = join(folder, `${preset}.mp4`);
    writeFileSync(path, bytes);
    expect((await readVideo(path)).frames).toBeGreaterThan(20);
    hashes.add(createHash("sha256").update(bytes).digest("hex"));
  }
  expect(hashes.size).toBe(PRESETS.length);
});

const requests = await promisify(execFile)("python3", ["-c", "import requests"]).then(
  () => true,
  () => false,
);
test.skipIf(!requests)(
  `the documented Python client${requests ? "" : " (no python3 with requests here)"}`,
  async () => {
    writeFileSync(
      join(folder, "client.py"),
      `import requests

r = requests.post("http://127.0.0.1:${server.port}/animate",
    files={"source_image": open("photo.jpg", "rb")},
    data={"preset": "big_smile"})
job = r.json()
print(job)

mp4 = requests.get(f"http://127.0.0.1:${server.port}{job['download_url']}")
with open("python.mp4", "wb") as f:
    f.write(mp4.content)
`,
    );
    await shell("python3 client.py");
    expect(await readVideo(join(folder, "python.mp4"))).toMatchObject({ codec: "h264", width: 512 });
  },
);

test("the API in four calls: link, upload, job, video", async () => {
  const link = JSON.parse(
    await shell(`curl -s http://127.0.0.1:8000/v1/uploads -H 'content-type: application/json' \\
  -d "{\\"content_type\\":\\"image/jpeg\\",\\"size\\":$(stat -c %s photo.jpg)}"`),
  ) as { id: string; url: string };
  await shell(`curl -sf -T photo.jpg -H 'content-type: image/jpeg' '${link.url}'`);
  const made = JSON.parse(
    await shell(`curl -s http://127.0.0.1:8000/v1/jobs -H 'content-type: application/json' -H 'prefer: wait=30' \\
  -d '{"kind":"animate","inputs":{"image":{"upload":"${link.id}"}},"params":{"preset":"gentle_smile","size":512}}'`),
  ) as Job;
  // 30 s are over on a machine that has much else to do
  const job = await endOf(server.url, made.id);
  expect(job.status).toBe("succeeded");
  const { video } = job.outputs;
  await shell(`curl -sf -o smile.mp4 '${video!.url}'`);
  expect(statSync(join(folder, "smile.mp4")).size).toBe(video!.bytes);
  expect(await readVideo(join(folder, "smile.mp4"))).toMatchObject({ width: 512, height: 512, frames: video!.frames });
});

// How fast is measured by `npm run bench -- --only jobs`.
test("/health answers time and again while two clips render", async () => {
  const image = await upload(server.url, readFileSync(ASTRONAUT));
  let rendering = true;
  const params = { preset: "alive", size: 512, duration: 3 };
  const render = async () => endOf(server.url, ((await (await postJob(server.url, image, params)).json()) as Job).id);
  const jobs = Promise.all([render(), render()]).finally(() => {
    rendering = false;
  });
  /** How many replies said that both were at work. */
  let whileBoth = 0;
  while (rendering) {
    const health = (await (await fetch(`${server.url}/health`)).json()) as { queue: { warp: { held: number } } };
    if (health.queue.warp.held === 2) whileBoth++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect((await jobs).map((job) => job.status)).toEqual(["succeeded", "succeeded"]);
  expect(whileBoth).toBeGreaterThan(10);
});
