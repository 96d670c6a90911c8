/** Forms come in, the request waits, and what there is is told. */

import { createSigning } from "@smileloop/core/webhooks/signing.ts";
import { describe, expect, it } from "vitest";
import { jpegBytes, pngBytes } from "../../../../../test/support/api.ts";
import {
  facefusionApi,
  image,
  nameOf,
  outcome,
  type Result,
  request,
} from "../../../../../test/support/facefusion-api.ts";
import { draw, MP4, processing, RESULT } from "../../../../../test/support/facefusion-clients.ts";

const here = facefusionApi();
const { get, resultOf, recordOf, only, nothingLeft } = here;

describe("processing", () => {
  it("waits, and answers with a name that the result is downloaded by", async () => {
    await here.draws();
    const reply = await processing(here.api, "/process/image", image, request({ processors: ["face_swapper"] }));
    const result = (await reply.json()) as Result;
    expect([reply.status, result]).toEqual([
      200,
      {
        job_id: expect.stringMatching(/^api_\d{8}_\d{6}_[0-9a-f]{32}$/),
        status: "completed",
        output_path: expect.stringMatching(/^\.api_outputs\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jpg$/),
        error: null,
      },
    ]);
    const file = await get(`/download/${nameOf(result)}`);
    expect(file.headers.get("content-disposition")).toBe(`attachment; filename="${nameOf(result)}"`);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(RESULT);
    expect((await here.api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
    expect(await recordOf(result)).toMatchObject({ kind: "process_image", dialect: "facefusion", state: "succeeded" });
  });

  it("answers at once where a webhook is named, which is told of the end", async () => {
    await here.start({}, { webhooks: { signing: createSigning([Buffer.alloc(32)]) } });
    for (const texts of [
      { webhook_url: "https://a.example/done" },
      request({ webhook_url: "https://a.example/done" }),
    ]) {
      const reply = await processing(here.api, "/process/image", image, { ...texts });
      const result = (await reply.json()) as Result;
      expect([reply.status, result.status]).toEqual([202, "processing"]);
      expect((await recordOf(result)).webhook).toMatchObject({ url: "https://a.example/done", state: "waiting" });
    }
    const priv = processing(here.api, "/process/image", image, request({ webhook_url: "http://10.1.2.3/" }));
    expect(await outcome(priv)).toEqual([422, expect.stringMatching(/^body\.request\.webhook_url: The address of 10/)]);
  });

  it("by JSON in a field, by fields, and by nothing but files: the same", async () => {
    await here.draws();
    const paramsOf = async (texts: Record<string, string | string[]>) => {
      return (await recordOf(await resultOf(processing(here.api, "/process/image", image, texts)))).params;
    };
    const usual = await paramsOf({});
    expect(usual).toMatchObject({
      processors: [{ name: "face_swapper" }],
      ...{ scale: 100, detector: { score: 0.5 }, execution: { providers: ["cpu"], threads: 1 } },
    });
    expect(await paramsOf(request({}))).toEqual(usual);
    const asked = {
      processors: ["face_swapper", "face_enhancer"],
      ...{ execution_providers: ["cuda", "cpu"], execution_thread_count: 8, output_image_scale: 150 },
      ...{ output_video_scale: 50, output_video_fps: null, face_detector_model: "scrfd", face_detector_score: 0.6 },
    };
    const fields = {
      ...{ processors: ["face_swapper", "face_enhancer"], execution_providers: "cuda,cpu", output_video_fps: "null" },
      ...{ execution_thread_count: "8", output_image_scale: "150", output_video_scale: "50" },
      ...{ face_detector_model: "scrfd", face_detector_score: "0.6" },
    };
    const params = await paramsOf(request(asked));
    expect(params).toMatchObject({
      ...{ scale: 150, detector: { model: "scrfd", score: 0.6 } },
      execution: { providers: ["cuda", "cpu"], threads: 8 },
    });
    expect(await paramsOf(fields)).toEqual(params);
    expect(await paramsOf({ ...fields, processors: '["face_swapper", "face_enhancer"]' })).toEqual(params);
    const edit = await paramsOf({
      processors: '[{"name": "face_swapper"}, {"name": "face_editor", "mouth_smile": 0.5}]',
    });
    expect(edit.processors).toMatchObject([{ name: "face_swapper" }, { name: "face_editor", mouth_smile: 0.5 }]);
  });

  it("of videos, with what is told of them: a provider that is not here", async () => {
    const warnings = [{ code: "execution_ignored", detail: "This engine has no cuda." }];
    await here.draws({ warnings });
    const files = { target: MP4, source: [jpegBytes(), jpegBytes()] };
    const asked = { execution_providers: ["cuda"], output_video_fps: 30, output_video_scale: 50 };
    const result = await resultOf(processing(here.api, "/facefusion/process/video", files, request(asked)));
    expect(result).toMatchObject({ status: "completed", output_path: expect.stringMatching(/\.mp4$/), warnings });
    const { params, inputs } = await recordOf(result);
    expect(params).toMatchObject({ fps: 30, scale: 50, execution: { providers: ["cuda"] } });
    expect(inputs.source).toHaveLength(2);
    const file = await get(`/facefusion/download/${nameOf(result)}`);
    expect(file.headers.get("content-type")).toBe("video/mp4");
  });

  it("a result of a PNG is a PNG; two at once are two jobs, each of its own files", async () => {
    await here.draws();
    const sizes = [700, 900];
    const replies = sizes.map((size) => {
      return resultOf(
        processing(here.api, "/process/image", { target: pngBytes(size, size, size), source: jpegBytes() }),
      );
    });
    for (const [nth, result] of (await Promise.all(replies)).entries()) {
      expect(nameOf(result)).toMatch(/\.png$/);
      const { inputs } = await recordOf(result);
      expect(inputs.target![0]!.bytes).toBe(sizes[nth]);
    }
  });

  it("that outlives the wait goes on: 202, and the file once it is there", async () => {
    await here.start({ dialectWaitMs: 10_000 });
    const pending = processing(here.api, "/process/image", image);
    await expect.poll(() => here.api.clock.sleepers).toBeGreaterThan(0);
    await here.api.clock.advance(10_000);
    const reply = await pending;
    const result = (await reply.json()) as Result;
    expect([reply.status, result.status]).toEqual([202, "processing"]);
    const path = `/download/${nameOf(result)}`;
    expect(await outcome(get(path))).toEqual([409, "Output file is not ready yet; ask again."]);
    await draw(here.api, await recordOf(result));
    expect((await get(path)).status).toBe(200);
  });

  it("ends with its client", async () => {
    const client = new AbortController();
    const pending = processing(here.api, "/process/image", image, {}, { signal: client.signal }).catch(() => null);
    await expect.poll(async () => (await only())?.state).toBe("queued");
    client.abort();
    await pending;
    await expect.poll(async () => (await only())?.state).toBe("canceled");
  });

  it("that fails by what was sent leaves nothing; a fault of ours is told in general", async () => {
    await here.draws({ error: { code: "no_face", detail: "No face was found.", input: "target" } });
    expect(await outcome(processing(here.api, "/process/image", image))).toEqual([
      422,
      "body.target: No face was found.",
    ]);
    await nothingLeft();
    await here.draws({ error: { code: "check_still", detail: "in /opt/engine" } });
    expect(await outcome(processing(here.api, "/process/image", image))).toEqual([500, "Nothing moves in the result."]);
  });
});

describe("what there is", () => {
  const offered = ["face_debugger", "face_editor", "face_enhancer", "face_swapper"];

  it("/processors has all ten, and says which are really there, by which engine and how", async () => {
    const rows = (await (await get("/processors")).json()) as { name: string; available: boolean }[];
    expect(rows).toHaveLength(10);
    expect(rows.filter(({ available }) => available).map(({ name }) => name)).toEqual(offered);
    expect(rows).toContainEqual({ name: "face_swapper", available: true, engine: "warp", quality: "classical" });
    expect(rows).toContainEqual({ name: "face_debugger", available: true, engine: "warp", quality: "exact" });
    expect(rows).toContainEqual({ name: "age_modifier", available: false });
    expect(await (await get("/facefusion/processors")).json()).toEqual(rows);
  });

  it("/facefusion/health is this API's own, /health the product's with this API's names beside its own", async () => {
    expect(await (await get("/facefusion/health")).json()).toEqual({
      ...{ status: "healthy", version: "3.3.0", processors_available: offered },
    });
    expect(await (await get("/health")).json()).toMatchObject({ status: "ok", processors_available: offered });
  });

  it("/facefusion has the pages of the document, and all that they load", async () => {
    const page = async (path: string) => (await get(path)).text();
    expect(await page("/facefusion/openapi.json")).toBe(await page("/openapi.json"));
    for (const path of ["/facefusion/docs", "/facefusion/redoc"]) {
      const html = await page(path);
      expect(html).toBe(await page(path.replace("/facefusion", "")));
      for (const [, link] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
        expect((await get(new URL(link!, `${here.api.url}${path}`).pathname)).status, link).toBe(200);
      }
    }
  });
});
