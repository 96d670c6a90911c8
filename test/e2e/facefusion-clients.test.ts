/** FaceFusion's clients on the real server and its own engine; and a video of 500 MB, which passes through as it comes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MP4 } from "../support/facefusion-clients.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

describe("on the real server", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer({ env: { WARP_PROCESSES: "2" } });
  });
  afterAll(() => server.stop());

  /** Pixels of a swap. */
  const swapped = async ({ target, source }: { target: string; source: string }) => {
    const form = new FormData();
    for (const [part, path] of Object.entries({ target, source }))
      form.append(part, new Blob([readFileSync(path)]), "a.jpg");
    const reply = await fetch(`${server.url}/process/image`, { method: "POST", body: form });
    const { status, output_path } = (await reply.json()) as { status: string; output_path: string };
    expect(status).toBe("completed");
    const picture = await (await fetch(`${server.url}/download/${output_path.split("/").pop()}`)).arrayBuffer();
    return sharp(Buffer.from(picture)).raw().toBuffer();
  };
  /** The largest difference, levels: each job has a mark of its own, of some levels. */
  const apart = (a: Buffer, b: Buffer) => a.reduce((most, level, i) => Math.max(most, Math.abs(level - b[i]!)), 0);

  it("swaps that run at once are each what they are alone: of their own faces", async () => {
    const asked = [
      { target: ASTRONAUT, source: GRACE_HOPPER },
      { target: ASTRONAUT, source: ASTRONAUT },
      { target: GRACE_HOPPER, source: ASTRONAUT },
    ];
    const together = await Promise.all(asked.map(swapped));
    const alone: Buffer[] = [];
    for (const each of asked) alone.push(await swapped(each));
    for (const [nth, picture] of together.entries()) expect(apart(picture, alone[nth]!)).toBeLessThan(40);
    // of one target, and yet of other people
    expect(apart(together[0]!, together[1]!)).toBeGreaterThan(80);
  });

  const processed = (target: string, texts: Record<string, string>) => {
    const form = new FormData();
    form.append("target", new Blob([readFileSync(target)]), "target.jpg");
    for (const [name, text] of Object.entries(texts)) form.append(name, text);
    return fetch(`${server.url}/process/image`, { method: "POST", body: form });
  };

  it("a face is drawn, downloaded and gone; what was asked and is not here is told", async () => {
    const reply = await processed(ASTRONAUT, {
      ...{ processors: "face_debugger", execution_providers: "cuda", output_image_scale: "50" },
    });
    const result = (await reply.json()) as { status: string; output_path: string; warnings: { code: string }[] };
    expect(result).toMatchObject({ status: "completed", error: null });
    expect(result.warnings.map(({ code }) => code)).toContain("execution_ignored");
    const path = `/download/${result.output_path.split("/").pop()}?cleanup=true`;
    const picture = Buffer.from(await (await fetch(server.url + path)).arrayBuffer());
    expect([...picture.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    await expect.poll(async () => (await fetch(server.url + path)).status).toBe(404);
    expect(server.stderr().match(/need not send `consent`/g)).toHaveLength(1);
  });

  it("a picture without a face is a fault of its own, and leaves nothing", async () => {
    const reply = await processed(COFFEE, { processors: "face_editor", consent: "self" });
    expect([reply.status, await reply.json()]).toMatchObject([
      422,
      { detail: [{ loc: ["body", "target"], type: "no_face" }] },
    ]);
    const { jobs } = (await (await fetch(`${server.url}/v1/jobs`)).json()) as { jobs: object[] };
    expect(jobs.filter((job) => "status" in job && job.status !== "succeeded")).toEqual([]);
  });
});

describe("a form with a video of 500 MB", () => {
  const MB = 1_000_000;
  const MOST = 500 * MB;
  const BOUNDARY = "----smileloop-test";
  let server: ChildProcess;
  let port = 0;
  let dir = "";
  beforeAll(async () => {
    const script = fileURLToPath(new URL("../support/disk-api.ts", import.meta.url));
    server = spawn(process.execPath, ["--max-semi-space-size=4", script], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = (await once(server.stdout!, "data")) as [Buffer];
    ({ port, dir } = JSON.parse(String(line)) as { port: number; dir: string });
  });
  // its end of the pipe tells it to stop and to clean up
  afterAll(async () => {
    server.stdin?.end();
    await once(server, "exit");
  });
  const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]) / 1000;

  /** Sends a generated video of this many bytes, and then the name of a processor that is not there. */
  async function sent(bytes: number): Promise<[number, { detail: unknown }]> {
    const headers = { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` };
    const request = httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/process/video", headers });
    const replied = once(request, "response") as Promise<[AsyncIterable<Buffer> & { statusCode: number }]>;
    request.on("error", () => {});
    const part = (name: string, more = "") =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
    const write = async (data: string | Uint8Array) => {
      if (!request.write(data)) await Promise.race([once(request, "drain"), replied]);
    };
    await write(part("target", '; filename="a.mp4"'));
    await write(MP4);
    const block = Buffer.alloc(MB, 7);
    for (let left = bytes - MP4.length; left > 0; left -= MB) await write(block.subarray(0, Math.min(MB, left)));
    request.end(`\r\n${part("processors")}age_modifier\r\n--${BOUNDARY}--\r\n`);
    const [reply] = await replied;
    const chunks: Buffer[] = [];
    for await (const chunk of reply) chunks.push(chunk);
    return [reply.statusCode, JSON.parse(Buffer.concat(chunks).toString()) as { detail: unknown }];
  }

  it.skipIf(process.platform !== "linux")(
    "passes through in little memory, and one byte more is 413; nothing is left of either (measured on Linux)",
    async () => {
      await sent(20 * MB);
      const before = peakMb();
      expect(await sent(MOST)).toMatchObject([501, { detail: expect.stringContaining("age_modifier") as string }]);
      expect(peakMb() - before).toBeLessThan(100);
      expect(await sent(MOST + 1)).toMatchObject([
        413,
        { detail: expect.stringContaining("500000000 bytes") as string },
      ]);
      expect(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).toEqual([]);
    },
  );
});
