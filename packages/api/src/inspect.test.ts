/** `POST /v1/inspect`, with an inspector that answers as it is told. */
import type { InspectResult } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Inspector, StoredPicture } from "@smileloop/core/inspector.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { afterEach, describe, expect, it } from "vitest";
import { jpegBytes, NO_FACES, type TestApi, testApi } from "../../../test/support/api.ts";
import { makeJob, makeUpload } from "../../../test/support/jobs.ts";

let api: TestApi;
afterEach(() => api.close());

const FOUND: InspectResult = {
  ...{ width: 4000, height: 3000, orientation: 6, warnings: [], timings: { decode: 1 } },
  faces: [
    {
      box: { x: 100.7, y: -3.2, width: 200.6, height: 300.1 },
      ...{ eyeDistance: 120.456, score: 0.98765, pitch: -0.04, yaw: 12.345, roll: 3, sharpness: 0.23456, moves: true },
      ...{ glasses: "clear", hidden: { eyes: false, mouth: true, cut: false } },
      warnings: [{ code: "mouth_hidden", detail: "The face has its mouth covered." }],
    },
  ],
};

type Body = { code: string; errors: { loc: string[] }[]; faces: object[]; warnings: { code: string }[] };

/** Keeps what it was asked. */
function inspectorOf(answer: () => Promise<InspectResult>): Inspector & { asked: StoredPicture[]; owners: string[] } {
  const [asked, owners]: [StoredPicture[], string[]] = [[], []];
  return {
    ...{ asked, owners },
    inspect: (picture, { owner }) => {
      asked.push(picture);
      owners.push(owner);
      return answer();
    },
  };
}

async function post(body: unknown, path = "/v1/inspect") {
  const headers = { "Content-Type": "application/json" };
  const request = new Request(`http://localhost${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const reply = await api.app.fetch(request);
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Body };
}

async function put(owner: string, bytes: Uint8Array): Promise<string> {
  const upload = newId(api.clock.now());
  async function* body() {
    yield bytes;
  }
  await api.deps.files.put(uploadKey(owner, upload), body(), { type: "image/jpeg" });
  return upload;
}

describe("a picture", () => {
  it("is described in whole pixels and short numbers", async () => {
    const inspector = inspectorOf(async () => FOUND);
    api = testApi({}, { inspector });
    const reply = await post({ input: { upload: await makeUpload(api) } });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      ...{ type: "image/jpeg", bytes: 2000, width: 4000, height: 3000, orientation: 6, warnings: [] },
      faces: [
        {
          box: { x: 100, y: -4, width: 202, height: 301 },
          ...{ eye_distance: 120.5, confidence: 0.99, angles: { pitch: 0, yaw: 12.3, roll: 3 }, sharpness: 0.23 },
          ...{ glasses: "clear", occlusion: { eyes: false, mouth: true, cut: false }, moves: true },
          warnings: [{ code: "mouth_hidden", detail: "The face has its mouth covered." }],
        },
      ],
    });
    expect(inspector.asked).toMatchObject([{ type: "image/jpeg", bytes: 2000, etag: expect.any(String) }]);
    expect(inspector.owners).toEqual(["local"]);
  });

  it("without a face is an answer, with what would help", async () => {
    api = testApi({}, { inspector: inspectorOf(async () => NO_FACES) });
    const reply = await post({ input: { upload: await makeUpload(api) } });
    expect([reply.status, reply.body.faces, reply.body.warnings[0]!.code]).toEqual([200, [], "no_face"]);
  });

  it("may be the input of a job", async () => {
    api = testApi();
    const { id } = await makeJob(api);
    expect((await post({ input: { job: id, input: "image" } })).status).toBe(200);
    expect(await post({ input: { job: id, input: "driving" } })).toMatchObject({ status: 404 });
  });
});

describe("refused before anybody looks at it", () => {
  it.each([
    ["no input", {}, 422],
    ["two sources", { input: { upload: "a", job: "b", input: "image" } }, 422],
    ["another member", { input: { upload: "a" }, params: {} }, 422],
    ["an id that is none", { input: { upload: "a" } }, 404],
    ["a URL", { input: { url: "https://example.org/a.jpg" } }, 422],
  ])("%s", async (_, body, status) => {
    const inspector = inspectorOf(async () => FOUND);
    api = testApi({}, { inspector });
    const reply = await post(body);
    expect(reply.status).toBe(status);
    expect(reply.body.errors[0]!.loc.slice(0, 1)).toEqual(["body"]);
    expect(inspector.asked).toEqual([]);
  });

  it("a name in the query", async () => {
    api = testApi();
    const reply = await post({ input: { upload: await makeUpload(api) } }, "/v1/inspect?verbose=1");
    expect(reply).toMatchObject({ status: 422, body: { errors: [{ loc: ["query"] }] } });
  });

  it("what is not a photo, has too many pixels, is gone, or somebody else's", async () => {
    const inspector = inspectorOf(async () => FOUND);
    api = testApi({}, { inspector });
    const ask = async (upload: string) => {
      const { status, body } = await post({ input: { upload } });
      return [status, body.code, body.errors[0]!.loc.join(".")];
    };
    expect(await ask(await put("local", Buffer.from("%PDF-1.7\n")))).toEqual([415, "unsupported_type", "body.input"]);
    expect(await ask(await put("local", jpegBytes(16_000, 16_000)))).toEqual([413, "input_too_large", "body.input"]);
    expect(await ask(await put("other", jpegBytes()))).toEqual([404, "not_found", "body.input"]);
    const old = await makeUpload(api);
    api.clock.advance(3_600_000);
    expect(await ask(old)).toEqual([410, "gone", "body.input"]);
    expect(inspector.asked).toEqual([]);
  });
});

describe("refused by what looks at it", () => {
  const refused = async (error: AppError) => {
    api = testApi({}, { inspector: inspectorOf(() => Promise.reject(error)) });
    return post({ input: { upload: await makeUpload(api) } });
  };

  it("as a fault of the picture, by its place", async () => {
    const reply = await refused(new AppError("input_unreadable", "The picture could not be decoded."));
    expect(reply).toMatchObject({
      status: 422,
      body: { code: "input_unreadable", errors: [{ loc: ["body", "input"] }] },
    });
  });

  it("because there is too much to do, with when to try again", async () => {
    const reply = await refused(new AppError("unavailable", "Too many.", { retryAfterSeconds: 5 }));
    expect([reply.status, reply.headers.get("retry-after"), reply.body.errors]).toEqual([503, "5", undefined]);
  });

  it("because nothing here can", async () => {
    api = testApi({}, { inspector: null });
    const reply = await post({ input: { upload: await makeUpload(api) } });
    expect(reply).toMatchObject({ status: 503, body: { code: "engine_not_configured", retryable: false } });
  });
});
