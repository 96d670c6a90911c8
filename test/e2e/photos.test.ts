/** Photos that are neither JPEG nor PNG, through the whole service. */
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { animate, endOf, postJob, SMALL, upload } from "../support/client.ts";
import { heif, irot } from "../support/heif.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { rgbOf } from "../support/stills.ts";

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  await server.stop();
  expect(server.stderr()).toBe("");
});

test("a turned HEIC in tiles that is sent as photo.jpg moves", async () => {
  const lying = await sharp(ASTRONAUT).rotate(90).png().toBuffer();
  const heic = await heif(await rgbOf(lying), { tile: 256, properties: [irot(1)] });
  const reply = await animate(server.url, heic, "blink", { accept: "video/mp4" });
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "video/mp4"]);
  expect((await reply.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
});

test("uploads by the names that browsers and phones have for types; the job says what the file is", async () => {
  const png = await sharp(ASTRONAUT).resize(300).ensureAlpha(0.9).png().toBuffer();
  for (const [bytes, given, type] of [
    [await heif(await rgbOf(png)), "image/heif", "image/heic"],
    [await sharp(png).webp().toBuffer(), "image/jpeg", "image/webp"],
  ] as const) {
    const id = await upload(server.url, bytes, given);
    const reply = await postJob(server.url, id, SMALL);
    const job = (await reply.json()) as { id: string; inputs: unknown };
    expect(job.inputs).toMatchObject({ image: { content_type: type } });
    expect(await endOf(server.url, job.id)).toMatchObject({ status: "succeeded", outputs: { video: { width: 256 } } });
  }
});
