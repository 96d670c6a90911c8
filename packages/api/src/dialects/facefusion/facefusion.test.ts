/** Forms come in, the request waits, results are fetched by name; and what is refused, in the words of the original. */
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpegBytes, pngBytes, type TestApi } from "../../../../../test/support/api.ts";
import { draw, drawing, MP4, processing, RESULT } from "../../../../../test/support/facefusion-clients.ts";
import { lipsyncApi } from "../../../../../test/support/lipsync.ts";
import { wavBytes } from "../../../../../test/support/talking-avatar.ts";
import type { ApiConfig, ApiDeps } from "../../deps.ts";

let api: TestApi;
let stop: (() => Promise<void>) | null = null;
beforeEach(() => start());
afterEach(async () => {
  await stop?.();
  stop = null;
  await api.close();
});
async function start(config: Partial<ApiConfig> = {}, deps: Partial<ApiDeps> = {}): Promise<void> {
  await api?.close();
  api = lipsyncApi(config, deps);
  await api.listen();
}

type Result = { job_id: string; status: string; output_path: string; error: null; warnings?: object[] };
const image = { target: jpegBytes(), source: jpegBytes() };
const request = (asked: object) => ({ request: JSON.stringify(asked) });
const get = (path: string, init: RequestInit = {}) => fetch(`${api.url}${path}`, init);
const resultOf = async (reply: Promise<Response>) => (await (await reply).json()) as Result;
const nameOf = ({ output_path }: Result) => output_path.split("/").pop()!;
const outcome = async (asked: Promise<Response>) => {
  const reply = await asked;
  const { detail } = (await reply.json()) as { detail: string | { loc: string[]; msg: string }[] };
  const told =
    typeof detail === "string" ? detail : detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  return [reply.status, told];
};
const recordOf = async ({ job_id }: Result) => (await api.deps.records.get("local", job_id.slice(-32)))!.record;
/** Of a test that makes only one. */
const only = async () => (await api.deps.records.list("local", { limit: 1 })).records[0];
const nothingLeft = async () => {
  expect(await api.stored()).toEqual([]);
  expect((await api.deps.records.list("local", { limit: 5 })).records.filter((one) => one.state !== "deleted")).toEqual(
    [],
  );
};

describe("processing", () => {
  it("waits, and answers with a name that the result is downloaded by", async () => {
    stop = drawing(api);
    const reply = await processing(api, "/process/image", image, request({ processors: ["face_swapper"] }));
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
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
    expect(await recordOf(result)).toMatchObject({ kind: "process_image", dialect: "facefusion", state: "succeeded" });
  });

  it("by JSON in a field, by fields, and by nothing but files: the same", async () => {
    stop = drawing(api);
    const paramsOf = async (texts: Record<string, string | string[]>) => {
      return (await recordOf(await resultOf(processing(api, "/process/image", image, texts)))).params;
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
    stop = drawing(api, { warnings });
    const files = { target: MP4, source: [jpegBytes(), jpegBytes()] };
    const asked = { execution_providers: ["cuda"], output_video_fps: 30, output_video_scale: 50 };
    const result = await resultOf(processing(api, "/facefusion/process/video", files, request(asked)));
    expect(result).toMatchObject({ status: "completed", output_path: expect.stringMatching(/\.mp4$/), warnings });
    const { params, inputs } = await recordOf(result);
    expect(params).toMatchObject({ fps: 30, scale: 50, execution: { providers: ["cuda"] } });
    expect(inputs.source).toHaveLength(2);
    const file = await get(`/facefusion/download/${nameOf(result)}`);
    expect(file.headers.get("content-type")).toBe("video/mp4");
  });

  it("a result of a PNG is a PNG; two at once are two jobs, each of its own files", async () => {
    stop = drawing(api);
    const sizes = [700, 900];
    const replies = sizes.map((size) => {
      return resultOf(processing(api, "/process/image", { target: pngBytes(size, size, size), source: jpegBytes() }));
    });
    for (const [nth, result] of (await Promise.all(replies)).entries()) {
      expect(nameOf(result)).toMatch(/\.png$/);
      const { inputs } = await recordOf(result);
      expect(inputs.target![0]!.bytes).toBe(sizes[nth]);
    }
  });

  it("that outlives the wait goes on: 202, and the file once it is there", async () => {
    await start({ dialectWaitMs: 10_000 });
    const pending = processing(api, "/process/image", image);
    await expect.poll(() => api.clock.sleepers).toBeGreaterThan(0);
    await api.clock.advance(10_000);
    const reply = await pending;
    const result = (await reply.json()) as Result;
    expect([reply.status, result.status]).toEqual([202, "processing"]);
    const path = `/download/${nameOf(result)}`;
    expect(await outcome(get(path))).toEqual([409, "Output file is not ready yet; ask again."]);
    await draw(api, await recordOf(result));
    expect((await get(path)).status).toBe(200);
  });

  it("ends with its client", async () => {
    const client = new AbortController();
    const pending = processing(api, "/process/image", image, {}, { signal: client.signal }).catch(() => null);
    await expect.poll(async () => (await only())?.state).toBe("queued");
    client.abort();
    await pending;
    await expect.poll(async () => (await only())?.state).toBe("canceled");
  });

  it("that fails by what was sent leaves nothing; a fault of ours is told in general", async () => {
    stop = drawing(api, { error: { code: "no_face", detail: "No face was found.", input: "target" } });
    expect(await outcome(processing(api, "/process/image", image))).toEqual([422, "body.target: No face was found."]);
    await nothingLeft();
    await stop();
    stop = drawing(api, { error: { code: "check_still", detail: "in /opt/engine" } });
    expect(await outcome(processing(api, "/process/image", image))).toEqual([500, "Nothing moves in the result."]);
  });
});

describe("what is refused", () => {
  const junk = new Uint8Array(Buffer.from("no picture at all"));
  const alone = { target: jpegBytes() };
  it.each<[string, string, Record<string, Uint8Array | Uint8Array[]>, Record<string, string>, number, RegExp]>([
    ["a target that is none", "image", { ...image, target: junk }, {}, 400, /^Target file is not a valid image$/],
    ["an empty target", "image", { ...image, target: new Uint8Array() }, {}, 400, /^Target file is not a valid image$/],
    ["a video as a picture", "image", { ...image, target: MP4 }, {}, 400, /^Target file is not a valid image$/],
    ["a picture as a video", "video", image, {}, 400, /^Target file is not a valid video$/],
    ["a source that is none", "image", { ...image, source: junk }, {}, 400, /^Source file is not a valid image$/],
    ["a sound as a face", "image", { ...image, source: wavBytes() }, {}, 400, /^Source file is not a valid image$/],
    ["no source", "image", alone, {}, 400, /^Source file is required for the selected processors$/],
    [
      "a source nobody takes",
      "image",
      image,
      { processors: "face_enhancer" },
      422,
      /^body\.source: No step takes a source/,
    ],
    ["no target", "image", { source: jpegBytes() }, {}, 422, /^body\.target: Field required$/],
    [
      "too many bytes",
      "video",
      { target: new Uint8Array(1_100_000) },
      {},
      413,
      /^The file 'target' is larger than 1000000 bytes/,
    ],
    ["broken JSON", "image", image, { request: '{"processors":' }, 422, /^body\.request: JSON decode error: /],
    ["no object", "image", image, { request: "[]" }, 422, /^body\.request: must be a JSON object$/],
    [
      "a scale",
      "image",
      image,
      request({ output_image_scale: 401 }),
      422,
      /^body\.request\.output_image_scale: at most 400, got 401$/,
    ],
    [
      "a scale of a field",
      "video",
      image,
      { output_video_scale: "9" },
      422,
      /^body\.output_video_scale: at least 10, got 9$/,
    ],
    ["threads", "image", image, request({ execution_thread_count: 33 }), 422, /execution_thread_count: at most 32/],
    ["a score", "image", image, request({ face_detector_score: 1.5 }), 422, /face_detector_score: at most 1/],
    [
      "a detector",
      "image",
      image,
      { face_detector_model: "eyes" },
      422,
      /face_detector_model: must be one of yoloface_8n.*got 'eyes'/,
    ],
    [
      "a processor nobody knows",
      "image",
      image,
      request({ processors: ["face_paint"] }),
      422,
      /processors.*face_paint/,
    ],
    ["no processor", "image", image, request({ processors: [] }), 422, /processors: must not be empty/],
    [
      "a name nobody knows",
      "image",
      image,
      request({ procesors: [] }),
      422,
      /^body\.request: unknown name 'procesors' \(did you mean processors\?\)/,
    ],
    ["a part nobody knows", "image", image, { preset: "x" }, 422, /^body\.preset: This part is not known here$/],
    [
      "the same twice",
      "image",
      image,
      { ...request({ processors: ["face_swapper"] }), processors: "face_swapper" },
      422,
      /^body\.processors: Also in `request`/,
    ],
    [
      "what no engine offers",
      "image",
      alone,
      { processors: "age_modifier,face_debugger" },
      501,
      /^No engine installed here offers age_modifier; .*face_debugger/,
    ],
    [
      "a webhook",
      "image",
      image,
      { webhook_url: "https://example.com/done" },
      422,
      /^body\.webhook_url: No webhooks are called here.*GET \/v1\/jobs/,
    ],
    [
      "a result that is too large",
      "image",
      { ...image, target: jpegBytes(3000, 3000) },
      { output_image_scale: "400" },
      422,
      /^body\.output_image_scale: At 400 %.*at most 136/,
    ],
  ])("%s", async (_name, medium, files, texts, status, told) => {
    expect(await outcome(processing(api, `/process/${medium}`, files, texts))).toEqual([
      status,
      expect.stringMatching(told),
    ]);
    await nothingLeft();
  });

  it("a body that is no form", async () => {
    const reply = get("/process/image", {
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "application/json" },
    });
    expect(await outcome(reply)).toEqual([422, "body.target: Field required"]);
  });
});

describe("consent", () => {
  const consentOf = async (texts: Record<string, string>) => {
    const reply = await processing(api, "/process/image", image, texts);
    if (reply.status !== 200) return (await outcome(Promise.resolve(reply))).join(" ");
    return (await recordOf((await reply.json()) as Result)).consent;
  };

  it("is the client's to give, or the operator's to attest, which the job's record says", async () => {
    stop = drawing(api);
    expect(await consentOf({ consent: "self" })).toMatchObject({ subject: "self", by: "caller" });
    expect(await consentOf({})).toMatchObject({ by: "operator" });
    expect(await consentOf({ consent: "maybe" })).toMatch(
      /422 body.consent: must be one of self, permission, public_domain/,
    );
  });

  it("is missed where nobody gives it and a face would be altered", async () => {
    await start({}, { safeguards: SAFEGUARDS });
    stop = drawing(api);
    expect(await consentOf({})).toMatch(
      /422 body.consent: Field required for face_swapper: .*FACEFUSION_ATTEST=operator/,
    );
    await nothingLeft();
    expect(await consentOf({ consent: "public_domain" })).toMatchObject({ subject: "public_domain" });
    const drawn = await processing(api, "/process/image", { target: jpegBytes() }, { processors: "face_debugger" });
    expect(drawn.status).toBe(200);
  });
});

describe("results", () => {
  const make = async (bytes = RESULT) => {
    stop = drawing(api, { bytes });
    return nameOf(await resultOf(processing(api, "/process/image", image)));
  };

  it("go with `cleanup` once all of them was taken, not with a part of them", async () => {
    const bytes = new Uint8Array(40_000_000).fill(9);
    const path = `/download/${await make(bytes)}?cleanup=true`;
    expect((await get(path, { headers: { Range: "bytes=0-9" } })).status).toBe(206);
    expect((await get(path, { method: "HEAD" })).status).toBe(200);
    // more than what lies between server and client
    const left = await get(path);
    await left.body!.cancel();
    expect((await get(path.replace("?cleanup=true", "?cleanup=false"))).status).toBe(200);
    expect(new Uint8Array(await (await get(path)).arrayBuffer())).toEqual(bytes);
    await expect.poll(() => outcome(get(path))).toEqual([404, "Output file not found"]);
    await nothingLeft();
  });

  it("are deleted by name", async () => {
    const name = await make();
    const reply = await get(`/output/${name}`, { method: "DELETE" });
    expect([reply.status, await reply.json()]).toEqual([200, { status: "deleted", filename: name }]);
    for (const path of [`/download/${name}`, `/facefusion/download/${name}`]) {
      expect(await outcome(get(path))).toEqual([404, "Output file not found"]);
    }
    expect(await outcome(get(`/output/${name}`, { method: "DELETE" }))).toEqual([404, "Output file not found"]);
    await nothingLeft();
  });

  it("are found by no other name, and not after their hour", async () => {
    const name = await make();
    for (const other of [name.replace("jpg", "png"), name.replaceAll("-", ""), "..%2f..%2fsecret.jpg", "a.jpg"]) {
      expect(await outcome(get(`/download/${other}`))).toEqual([404, "Output file not found"]);
    }
    await api.clock.advance(3_600_001);
    expect(await outcome(get(`/download/${name}`))).toEqual([404, "Output file not found"]);
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
        expect((await get(new URL(link!, `${api.url}${path}`).pathname)).status, link).toBe(200);
      }
    }
  });
});
