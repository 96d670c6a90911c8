/** The real server sells: a preview for everybody, the clean file for who has paid. Through the provider's library, to its double. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endOf, type Job, postJob, upload } from "../support/client.ts";
import { stillClip } from "../support/clips.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { runServer, type ServerProcess, startServer } from "../support/server.ts";
import { STRIPE_KEY, STRIPE_SECRET, type StripeDouble, stripeDouble } from "../support/stripe-double.ts";

type Sold = Job & { charge?: { state: string; amount: number; outputs: Record<string, { width: number }> } };
let server: ServerProcess;
let stripe: StripeDouble;
const variables = () => ({
  ...{ LOG_LEVEL: "warn", WARP_PROCESSES: "1", PRICE: "eur:499:2026-11", STRIPE_URL: stripe.url },
  ...{ STRIPE_KEY, STRIPE_WEBHOOK_SECRET: STRIPE_SECRET },
});
beforeAll(async () => {
  stripe = await stripeDouble({ nowMs: Date.now });
  server = await startServer({ env: variables() });
});
afterAll(async () => {
  await server?.stop();
  await stripe?.close();
});

const viewOf = async (id: string, query = "") =>
  (await (await fetch(`${server.url}/v1/jobs/${id}${query}`)).json()) as Sold;

it("shows a preview, sells the clean file, and gives it when it is paid", async () => {
  const image = await upload(server.url, readFileSync(ASTRONAUT));
  const { id } = (await (await postJob(server.url, image, { preset: "blink", size: 512, duration: 1 })).json()) as Job;
  await endOf(server.url, id);
  const before = await viewOf(id);
  expect(Object.keys(before.outputs)).toEqual(["preview", "poster"]);
  expect(before.outputs.preview).toMatchObject({ width: 360, height: 360, access: "open" });
  expect(before.charge).toMatchObject({ state: "none", amount: 499, outputs: { video: { width: 512 } } });
  const poster = await (await fetch(before.outputs.poster!.url)).arrayBuffer();
  expect(await sharp(Buffer.from(poster)).metadata()).toMatchObject({ width: 360, height: 360 });
  expect((await fetch(`${server.url}/v1/jobs/${id}/outputs/video`)).status).toBe(402);

  const asked = { method: "POST", headers: { "content-type": "application/json" }, body: '{"waiver":true}' };
  const page = (await (await fetch(`${server.url}/v1/jobs/${id}/checkout`, asked)).json()) as { url: string };
  const session = page.url.split("/").at(-1)!;
  expect(stripe.sessions.get(session)!.success_url).toBe(`${server.url}/?job=${id}&cs=${session}`);
  stripe.pay(session);
  for (const event of stripe.take()) {
    const { body, signature } = stripe.signed(event);
    const sent = { method: "POST", headers: { "stripe-signature": signature }, body };
    expect((await fetch(`${server.url}/v1/payments/events`, sent)).status).toBe(204);
  }
  const after = await viewOf(id, `?cs=${session}`);
  expect(after.charge).toMatchObject({ state: "paid" });
  expect(after.outputs.video).toMatchObject({ width: 512, height: 512 });
  const clean = await fetch(`${server.url}/v1/jobs/${id}/outputs/video`);
  expect([clean.status, (await clean.arrayBuffer()).byteLength]).toEqual([200, after.outputs.video!.bytes]);
});

it("shows a small picture and a small video with the mark where faces are worked on, and keeps the clean ones", async () => {
  const make = async (kind: string, target: string) => {
    const asked = { kind, inputs: { target: { upload: target } }, params: { processors: ["face_debugger"] } };
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked) };
    const { id } = (await (await fetch(`${server.url}/v1/jobs`, init)).json()) as Job;
    await endOf(server.url, id);
    return viewOf(id);
  };
  const picture = await make("process_image", await upload(server.url, readFileSync(ASTRONAUT)));
  expect(Object.keys(picture.outputs)).toEqual(["preview"]);
  expect(picture.outputs.preview).toMatchObject({
    content_type: "image/jpeg",
    width: 360,
    height: 360,
    access: "open",
  });
  expect((await fetch(`${server.url}/v1/jobs/${picture.id}/outputs/image`)).status).toBe(402);
  const clip = await stillClip(ASTRONAUT, 10);
  const video = await make("process_video", await upload(server.url, clip, "video/mp4"));
  expect(Object.keys(video.outputs)).toEqual(["preview", "poster"]);
  expect(video.outputs.preview).toMatchObject({ content_type: "video/mp4", width: 256, frames: 10, access: "open" });
  expect((await fetch(`${server.url}/v1/jobs/${video.id}/outputs/video`)).status).toBe(402);
});

it("does not start with half of what selling needs, and says what is missing", async () => {
  const { STRIPE_KEY: _, ...half } = variables();
  const dataDir = mkdtempSync(join(tmpdir(), "smileloop-pay-"));
  const { code, stderr } = await runServer({ dataDir, env: half });
  expect(code).not.toBe(0);
  expect(stderr).toContain("STRIPE_KEY: missing");
  const wrong = await runServer({ dataDir, env: { ...variables(), PRICE: "4.99 EUR" } });
  expect(wrong.stderr).toContain("PRICE=4.99 EUR: must be currency:amount:version");
  rmSync(dataDir, { recursive: true, force: true });
});
