/** A photo that is driven by a clip, through the real server: the video moves as the clip does, and bad clips are told so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { type Extracted, extractFile } from "@smileloop/engine/services/extract.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { drivingClip, hump, stillClip } from "../support/clips.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";

const FRAMES = 34;
const smile = hump(FRAMES, 0.9, 3, 30);
let server: ServerProcess;
let dir: string;
let photo: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "driving-"));
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
  photo = await upload(server.url, readFileSync(GRACE_HOPPER));
});
afterAll(async () => {
  const exit = await server.stop();
  rmSync(dir, { recursive: true });
  expect(server.stderr()).toBe("");
  expect(exit).toMatchObject({ code: 0 });
});

type Ended = Job & { warnings: { code: string }[]; timings: Record<string, number> };

async function drive(clip: Buffer, type = "video/mp4", params: object = {}): Promise<Ended> {
  const driving = await upload(server.url, clip, type);
  const body = { kind: "animate", inputs: { image: { upload: photo }, driving: { upload: driving } } };
  const asked = { ...body, params: { size: 256, seed: 2, ...params } };
  const reply = await postJson(`${server.url}/v1/jobs`, asked);
  expect(reply.status).toBe(202);
  return (await endOf(server.url, ((await reply.json()) as Job).id)) as Ended;
}

function readMotion(bytes: Uint8Array): Promise<Extracted> {
  const path = join(mkdtempSync(join(dir, "read-")), "video.mp4");
  writeFileSync(path, bytes);
  const context = { signal: new AbortController().signal, progress: () => {} };
  return extractFile(path, 10, context);
}

test("the video of a photo moves as the face in the clip does", async () => {
  // what is read of clips of 256 pixels varies with the job's mark
  const clip = await drivingClip(GRACE_HOPPER, FRAMES, { mouthSmileLeft: smile, mouthSmileRight: smile });
  const job = await drive(clip, "video/mp4", { size: 512 });
  expect(job).toMatchObject({ status: "succeeded", error: null });
  expect(job.outputs.video).toMatchObject({ frames: FRAMES, fps: 25, width: 512, height: 512 });
  expect(job.timings.motion).toBeGreaterThan(0);
  const video = await fetch(job.outputs.video!.url);
  const { motion } = await readMotion(new Uint8Array(await video.arrayBuffer()));
  const { channels } = sampleMotion(motion, { fps: 25, durationSeconds: FRAMES / 25, intensity: 1, stretch: false })
    .faces[0]!;
  const seen = channels.mouthSmileLeft!;
  expect(Math.max(...seen)).toBeGreaterThan(0.5);
  // the smile comes and goes when it does in the clip
  const apex = seen.indexOf(Math.max(...seen));
  expect(Math.abs(apex - smile.indexOf(Math.max(...smile)))).toBeLessThan(5);
  expect(seen.at(-1)).toBeLessThan(0.2);
});

test("a Motion as a file drives it, too; a clip in which nothing moves says so", async () => {
  const track = { fps: 25, samples: hump(26, 0.8) };
  const motion = { duration: 1, loop: false, faces: [{ channels: { mouthSmileLeft: track, mouthSmileRight: track } }] };
  const json = await drive(Buffer.from(JSON.stringify(motion)), "application/json", { duration: 2 });
  expect(json).toMatchObject({ status: "succeeded", warnings: [{ code: "driving_short" }] });
  expect(json.outputs.video).toMatchObject({ frames: 50 });
  const still = await drive(await stillClip(ASTRONAUT, 25));
  expect(still).toMatchObject({ status: "succeeded", warnings: [{ code: "driving_still" }] });
});

test("a clip that can't be used fails its job with the reason, and not the server", async () => {
  const faceless = await drive(await stillClip(COFFEE, 12));
  expect(faceless).toMatchObject({ status: "failed", attempt: 1, error: { code: "no_face" } });
  expect(faceless.error!.detail).toMatch(/driving clip/);
  const broken = await drive(Buffer.concat([Buffer.from("\0\0\0\x18ftypisom"), Buffer.alloc(500, 7)]));
  expect(broken).toMatchObject({ status: "failed", attempt: 1, error: { code: "input_unreadable" } });
});
