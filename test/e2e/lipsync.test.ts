/** A video that is given other words through the real server, as clients of Sync.so ask for it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, type Job, postJson, upload } from "../support/client.ts";
import { GRACE_HOPPER } from "../support/pictures.ts";
import { until } from "../support/processes.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { heardIn, wavOf } from "../support/sounds.ts";
import { CHEF, soundOf, spokenOf } from "../support/spoken.ts";

type Generation = { id: string; status: string; outputUrl: string; outputDuration: number; error: string | null };
let server: ServerProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smileloop-lipsync-"));
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.stderr()).toBe("");
});

/** The address of a video of somebody who speaks, on this server. */
async function film(): Promise<string> {
  const image = { upload: await upload(server.url, readFileSync(GRACE_HOPPER)) };
  const params = { text: "Bobby mapped my five blue vans.", size: 256, seed: 1 };
  const reply = await postJson(`${server.url}/v1/jobs`, { kind: "talk", inputs: { image }, params });
  const { id } = (await reply.json()) as Job;
  expect(await endOf(server.url, id)).toMatchObject({ status: "succeeded" });
  return `${server.url}/v1/jobs/${id}/outputs/video`;
}

test("a generation of a video by its URL and a sound in the form is asked for until it is there, and decodes", async () => {
  const sentence = soundOf(spokenOf(CHEF));
  const form = new FormData();
  form.append("model", "lipsync-2");
  form.append("input", JSON.stringify({ type: "video", url: await film() }));
  form.append("options", JSON.stringify({ sync_mode: "cut_off" }));
  form.append("audio", new Blob([wavOf([sentence], 16_000)]), "sound.wav");
  const headers = { "x-api-key": "sk-any" };
  const reply = await fetch(`${server.url}/v2/generate`, { method: "POST", headers, body: form });
  const created = (await reply.json()) as Generation;
  expect([reply.status, created]).toMatchObject([201, { status: "PENDING", outputUrl: null }]);
  let made = created;
  await until(async () => {
    const path = `/v2/generate/${created.id}?wait=true&timeout=10`;
    made = (await (await fetch(server.url + path, { headers })).json()) as Generation;
    return made.status === "COMPLETED" || made.status === "FAILED";
  });
  expect(made).toMatchObject({ status: "COMPLETED", error: null });
  const path = join(folder, "made.mp4");
  writeFileSync(path, Buffer.from(await (await fetch(made.outputUrl)).arrayBuffer()));
  const video = await readVideo(path);
  expect(video).toMatchObject({ width: 256, height: 256, fps: 25, otherStreams: 1 });
  expect(Math.abs(video.duration - made.outputDuration)).toBeLessThan(0.05);
  expect((await heardIn(path))!.to).toBeGreaterThan(0.5);
});
