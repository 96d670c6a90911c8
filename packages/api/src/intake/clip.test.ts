/** Jobs with a driving clip: what its first bytes tell is checked before there is a job. */
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../../test/support/api.ts";

let api: TestApi;
beforeEach(() => {
  api = testApi();
});
afterEach(() => api.close());

const box = (type: string, brand = "") =>
  Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(type + brand), Buffer.alloc(400)]);
const ebml = (docType: string) =>
  Buffer.concat([
    Buffer.from("1a45dfa3a34286810142f7810142f2810442f381084282", "hex"),
    Buffer.from([0x80 + docType.length]),
    Buffer.from(docType),
    Buffer.alloc(400),
  ]);
const CSV = Buffer.from("Timecode,BlendShapeCount,EyeBlinkLeft\n00:00:00:00.0,61,0\n");

async function upload(bytes: Uint8Array, type: string): Promise<{ upload: string }> {
  const id = newId(api.clock.now());
  async function* body() {
    yield bytes;
  }
  await api.deps.files.put(uploadKey("local", id), body(), { type });
  return { upload: id };
}

async function post(
  driving: Uint8Array | null,
  params: object,
): Promise<{ status: number; body: Record<string, never> }> {
  const inputs = {
    image: await upload(jpegBytes(), "image/jpeg"),
    ...(driving ? { driving: await upload(driving, "video/mp4") } : {}),
  };
  const reply = await api.app.fetch(
    new Request("http://localhost:8000/v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "animate", inputs, params }),
    }),
  );
  return { status: reply.status, body: (await reply.json()) as Record<string, never> };
}

it("takes a clip instead of a preset, and keeps it with the job", async () => {
  const { status, body } = await post(box("ftyp", "isom"), { size: 512 });
  expect(status).toBe(202);
  expect(body).toMatchObject({ inputs: { driving: { content_type: "video/mp4", bytes: 412 } } });
  expect((await api.stored()).filter((key) => key.includes("/in/driving"))).toHaveLength(1);
});

it("goes by what is in a clip: browsers call Matroska WebM, and the other way round", async () => {
  for (const [content, is] of [
    ["matroska", "video/x-matroska"],
    ["webm", "video/webm"],
  ] as const) {
    // it is sent as `video/mp4`
    const { status, body } = await post(ebml(content), { size: 512 });
    expect([status, body.inputs]).toEqual([
      202,
      expect.objectContaining({ driving: expect.objectContaining({ content_type: is }) }),
    ]);
  }
});

it.each<[string, Buffer | null, object, number, string, string[]]>([
  ["both a preset and a clip", CSV, { preset: "blink" }, 422, "invalid_request", ["body", "inputs", "driving"]],
  ["neither", null, {}, 422, "invalid_request", ["body", "params", "preset"]],
  ["a picture as the clip", Buffer.from(jpegBytes()), {}, 415, "unsupported_type", ["body", "inputs", "driving"]],
  ["another CSV", Buffer.from("name,age\nAda,36\n"), {}, 415, "unsupported_type", ["body", "inputs", "driving"]],
  ["an empty clip", Buffer.alloc(0), {}, 400, "empty_file", ["body", "inputs", "driving"]],
])("refuses %s, naming the field", async (_, driving, params, status, code, loc) => {
  const reply = await post(driving, params);
  expect(reply).toMatchObject({ status, body: { code, errors: [{ loc }] } });
  expect((await api.stored()).filter((key) => !key.startsWith("uploads/"))).toEqual([]);
});

it("knows clips by their first bytes", async () => {
  expect(await sniffType(box("ftyp", "mp42"))).toBe("video/mp4");
  expect(await sniffType(box("ftyp", "qt  "))).toBe("video/quicktime");
  expect(await sniffType(box("wide"))).toBe("video/quicktime");
  expect(await sniffType(box("ftyp", "heic"))).toBe("image/heic");
  expect(await sniffType(ebml("webm"))).toBe("video/webm");
  expect(await sniffType(ebml("matroska"))).toBe("video/x-matroska");
  expect(await sniffType(ebml("mkv!"))).not.toBe("video/webm");
  expect(await sniffType(CSV)).toBe("text/csv");
  expect(await sniffType(Buffer.from('\uFEFF"Timecode","BlendShapeCount"'))).toBe("text/csv");
  expect(await sniffType(Buffer.from('\n [{"faceBlendshapes":'))).toBe("application/json");
  expect(await sniffType(Buffer.from([0x5b, 0, 0x7b, 0]))).toBe(null);
});

it("the catalog has the slot, and uploads of its types get a link", async () => {
  const kinds = await api.app.fetch(new Request("http://localhost:8000/v1/kinds"));
  const { driving } = ((await kinds.json()) as { kinds: { inputs: Record<string, object> }[] }).kinds[0]!.inputs;
  expect(driving).toMatchObject({ required: false, max_bytes: 50 * 1024 * 1024 });
  const ask = (content_type: string) =>
    api.app.fetch(
      new Request("http://localhost:8000/v1/uploads", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ content_type, size: 30 * 1024 * 1024 }),
      }),
    );
  for (const type of [
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
    "text/csv",
    "application/json",
  ]) {
    expect((await ask(type)).status).toBe(201);
  }
  expect((await ask("image/png")).status).toBe(413);
});
