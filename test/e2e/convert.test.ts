/** A video is converted, by a server and by the command: what comes out plays everywhere, and what cannot be read is refused by name. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, upload } from "../support/client.ts";
import { reencoded, stillClip } from "../support/clips.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const COMMAND = join(import.meta.dirname, "../../packages/cli/bin/smileloop.mjs");
const dir = mkdtempSync(join(tmpdir(), "smileloop-convert-"));
let server: ServerProcess;
let phone: Buffer;
beforeAll(async () => {
  phone = await reencoded(await stillClip(ASTRONAUT, 10), { codec: "libx265", container: "mov", turns: 1 });
  server = await startServer({ dataDir: join(dir, "data"), env: { WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function job(video: Buffer, params: object) {
  const inputs = { video: { upload: await upload(server.url, video, "video/quicktime") } };
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ kind: "convert", inputs, params });
  return fetch(`${server.url}/v1/jobs`, { method: "POST", headers, body });
}

test("a phone's video becomes an MP4, whose poster is a JPEG", async () => {
  const reply = await job(phone, { crf: 24, preset: "veryfast" });
  expect(reply.status).toBe(202);
  const { id } = (await reply.json()) as { id: string };
  const ended = await endOf(server.url, id);
  expect(ended).toMatchObject({ status: "succeeded", outputs: { video: { content_type: "video/mp4" } } });
  const path = join(dir, "server.mp4");
  writeFileSync(path, new Uint8Array(await (await fetch(`${server.url}/v1/jobs/${id}/outputs/video`)).arrayBuffer()));
  expect(await readVideo(path, { onFrame: () => {} })).toMatchObject({ codec: "h264", constantRate: true });
  const poster = await fetch(`${server.url}/v1/jobs/${id}/outputs/poster`);
  expect(poster.headers.get("content-type")).toBe("image/jpeg");
});

test("params that no encoder has are refused by name", async () => {
  const reply = await job(phone, { preset: "fastest" });
  expect(reply.status).toBe(422);
  expect(await reply.text()).toMatch(/preset.*veryslow/);
});

function smileloop(args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { cwd: dir }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test("the command does the same; a file that is no video leaves nothing", async () => {
  writeFileSync(join(dir, "phone.mov"), phone);
  const made = await smileloop(["convert", "phone.mov", "--preset", "veryfast", "--audio-bitrate", "96k"]);
  expect([made.status, made.stdout]).toEqual([0, "phone-converted.mp4\n"]);
  const bytes = readFileSync(join(dir, "phone-converted.mp4"));
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));

  writeFileSync(join(dir, "broken.mov"), phone.subarray(0, 900));
  const broken = await smileloop(["convert", "broken.mov", "-o", "none.mp4", "-q"]);
  expect([broken.status, broken.stderr]).toEqual([1, expect.stringMatching(/video/)]);
  expect(existsSync(join(dir, "none.mp4"))).toBe(false);
});

test.each([
  [["convert"], /Which video/],
  [["convert", "a.mov", "b.mov"], /"b.mov" is one too many/],
  [["convert", "a.mov", "-o", "a.webm"], /ends in .mp4/],
  [["convert", "phone.mov", "--crf", "60"], /--crf/],
  [["convert", "phone.mov", "--audio-bitrate", "16k"], /--audio-bitrate.*32k to 512k/],
])("%o is refused as a command", async (args, words) => {
  const { status, stderr } = await smileloop(args);
  expect([status, stderr]).toEqual([2, expect.stringMatching(words)]);
});
