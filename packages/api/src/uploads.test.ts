import { request as rawRequest } from "node:http";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { sha256Hex } from "@smileloop/core/jobs/jobs.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../test/support/api.ts";
import { settle } from "../../../test/support/manual-clock.ts";

let api: TestApi;
beforeEach(async () => {
  api = testApi();
  await api.listen();
});
afterEach(() => api.close());

type Target = {
  id: string;
  method: string;
  fields?: Record<string, string>;
  url: string;
  headers: Record<string, string>;
  expires_at: string;
  max_bytes: number;
};
const picture = jpegBytes();

async function ask(body: object): Promise<{ status: number; body: Target & { code: string } }> {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(`${api.url}/v1/uploads`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: reply.status, body: (await reply.json()) as Target & { code: string } };
}

async function target(more: object = {}): Promise<Target> {
  return (await ask({ content_type: "image/jpeg", size: picture.byteLength, ...more })).body;
}

async function put(url: string, body: Uint8Array, type = "image/jpeg"): Promise<{ status: number; code?: string }> {
  const reply = await fetch(url, { method: "PUT", body: Buffer.from(body), headers: { "Content-Type": type } });
  const text = await reply.text();
  return { status: reply.status, ...(text === "" ? {} : { code: (JSON.parse(text) as { code: string }).code }) };
}

/** Without Content-Length. */
function putChunked(url: string, chunks: Uint8Array[]): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = rawRequest(url, { method: "PUT", headers: { "Content-Type": "image/jpeg" } }, (reply) => {
      let body = "";
      reply.on("data", (chunk) => {
        body += chunk;
      });
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    request.on("error", reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

describe("POST /v1/uploads", () => {
  it("answers with a link of this server, which ends with the upload", async () => {
    const { status, body } = await ask({ content_type: "image/jpeg", size: 2000, filename: "../../etc/passwd" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ method: "PUT", headers: { "Content-Type": "image/jpeg" }, max_bytes: 20971520 });
    expect(body.url.startsWith(`${api.url}/v1/files/uploads/${body.id}.local?`)).toBe(true);
    expect(Date.parse(body.expires_at) - api.clock.now()).toBe(3_600_000);
    expect(Object.keys(body.headers).map((name) => name.toLowerCase())).not.toContain("content-length");
    expect(await api.stored()).toEqual([]);
  });

  it("gives links under PUBLIC_URL where there is one", async () => {
    const behind = testApi({ publicUrl: "https://smile.example" });
    const reply = await behind.app.fetch(
      new Request("http://localhost/v1/uploads", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ content_type: "image/png", size: 1 }),
      }),
    );
    expect(((await reply.json()) as Target).url).toMatch(/^https:\/\/smile\.example\/v1\/files\//);
  });

  it.each([
    ["image/jpg", "image/jpeg"],
    ["IMAGE/PJPEG", "image/jpeg"],
    ["image/x-png", "image/png"],
    ["video/x-m4v", "video/mp4"],
    ["video/webm;codecs=vp8", "video/webm"],
    ['video/mp4; codecs="avc1.42E01E, mp4a.40.2"', "video/mp4"],
    ["text/csv; charset=utf-8", "text/csv"],
    ["application/vnd.ms-excel", "text/csv"],
    ["text/json", "application/json"],
  ])("takes %s for %s, and says by that name how to send it", async (content_type, type) => {
    expect(await ask({ content_type, size: 10 })).toMatchObject({
      ...{ status: 201, body: { headers: { "Content-Type": type } } },
    });
  });

  it("says what a body is to be sent as", async () => {
    const reply = await fetch(`${api.url}/v1/uploads`, {
      method: "POST",
      body: '{"content_type":"image/png","size":1}',
    });
    expect([reply.status, await reply.json()]).toMatchObject([
      ...[415, { code: "unsupported_type", detail: "Send JSON, with the header Content-Type: application/json." }],
    ]);
  });

  it.each([
    [{ content_type: "image/jxl", size: 10 }, 415, "unsupported_type"],
    [{ content_type: "image/png", size: 20971521 }, 413, "too_large"],
    [{ content_type: "image/png", size: 0 }, 400, "empty_file"],
    [{ content_type: "image/png", size: -1 }, 422, "invalid_request"],
    [{ content_type: "image/png", size: 10, form: true, sha256: "a".repeat(64) }, 422, "invalid_request"],
    [{ content_type: "image/png", size: 10, sha256: "abc" }, 422, "invalid_request"],
    [{ content_type: "image/png", size: 10, other: 1 }, 422, "invalid_request"],
  ])("refuses %j", async (body, status, code) => {
    expect(await ask(body)).toMatchObject({ status, body: { code } });
  });

  it("lists every fault with its place", async () => {
    const { body } = await ask({ content_type: 5 });
    const { errors } = body as unknown as { errors: { loc: string[] }[] };
    expect(errors.map(({ loc }) => loc)).toEqual([
      ["body", "content_type"],
      ["body", "size"],
    ]);
  });
});

describe("PUT to the link", () => {
  it("stores the very bytes, once", async () => {
    const { url, id } = await target({ sha256: sha256Hex(picture).toUpperCase() });
    expect(await put(url, picture)).toEqual({ status: 200 });
    expect(await put(url, picture)).toEqual({ status: 412, code: "already_exists" });
    const file = await api.deps.files.get(`uploads/${id}.local`);
    expect(new Uint8Array(await new Response(file.body).arrayBuffer())).toEqual(picture);
  });

  it("takes bodies without Content-Length", async () => {
    const { url } = await target();
    expect((await putChunked(url, [picture.subarray(0, 700), picture.subarray(700)])).status).toBe(200);
  });

  it("refuses other bytes than announced, and keeps nothing of them", async () => {
    const other = jpegBytes(641);
    const { url } = await target({ sha256: sha256Hex(picture) });
    expect(await put(url, picture.subarray(1))).toEqual({ status: 422, code: "invalid_request" });
    expect(await put(url, jpegBytes(640, 480, 2001))).toEqual({ status: 422, code: "invalid_request" });
    expect(await put(url, new Uint8Array(0))).toEqual({ status: 422, code: "invalid_request" });
    expect(await put(url, other)).toEqual({ status: 422, code: "invalid_request" });
    expect((await putChunked(url, [picture, picture])).status).toBe(422);
    expect((await putChunked(url, [picture.subarray(0, 10)])).status).toBe(422);
    expect(await put(url, picture, "image/png")).toEqual({ status: 403, code: "bad_signature" });
    expect(await api.stored()).toEqual([]);
    expect(await put(url, picture)).toEqual({ status: 200 });
  });

  it("lets whoever sends far too much read why it was refused", async () => {
    const { url } = await target();
    const megabyte = new Uint8Array(1024 * 1024);
    const { status, body } = await putChunked(
      url,
      Array.from({ length: 24 }, () => megabyte),
    );
    expect(status).toBe(422);
    expect(JSON.parse(body)).toMatchObject({ code: "invalid_request" });
    expect(await api.stored()).toEqual([]);
  });

  it("refuses forged and changed links, other keys, other methods and links past their time", async () => {
    const { url } = await target();
    const { url: second } = await target();
    const forged = { status: 403, code: "bad_signature" };
    const changed = (change: (url: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return copy.href;
    };
    const signature = new URL(url).searchParams.get("signature")!;
    const turned = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(
      await put(
        changed((u) => u.searchParams.set("signature", turned)),
        picture,
      ),
    ).toEqual(forged);
    expect(
      await put(
        changed((u) => u.searchParams.set("grant", new URL(second).searchParams.get("grant")!)),
        picture,
      ),
    ).toEqual(forged);
    const grant = { method: "PUT", key: "jobs/local/x/job.json", expiresAtMs: 9e15, type: "image/jpeg" };
    expect(
      await put(
        changed((u) => u.searchParams.set("grant", Buffer.from(JSON.stringify(grant)).toString("base64url"))),
        picture,
      ),
    ).toEqual(forged);
    expect(
      await put(
        changed((u) => {
          u.pathname = new URL(second).pathname;
        }),
        picture,
      ),
    ).toEqual(forged);
    expect(await put(`${api.url}${new URL(url).pathname}`, picture)).toEqual(forged);
    expect((await fetch(url)).status).toBe(403);
    await api.clock.advance(3_600_000);
    expect(await put(url, picture)).toEqual({ status: 403, code: "link_expired" });
    expect(await api.stored()).toEqual([]);
  });

  it("keeps nothing of a client that leaves half-way, and does not call it a failure of the server", async () => {
    const { url } = await target();
    const headers = { "Content-Type": "image/jpeg", "Content-Length": String(picture.byteLength) };
    const request = rawRequest(url, { method: "PUT", headers });
    request.on("error", () => {});
    await new Promise((sent) => request.write(picture.subarray(0, 500), sent));
    await settle(50);
    request.destroy();
    await expect
      .poll(() => api.lines.find(({ method }) => method === "PUT"), { interval: 5 })
      .toMatchObject({ status: 400 });
    expect(api.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await api.stored()).toEqual([]);
    expect(await put(url, picture)).toEqual({ status: 200 });
  });
});

describe("POST to the link of a form", () => {
  async function post({ url, fields = {} }: Target, file: Uint8Array | null, change: Record<string, string> = {}) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, ...change })) form.append(name, value);
    if (file) form.append("file", new Blob([Buffer.from(file)]), "face.jpg");
    const reply = await fetch(url, { method: "POST", body: form });
    const text = await reply.text();
    return { status: reply.status, ...(text === "" ? {} : { code: (JSON.parse(text) as { code: string }).code }) };
  }

  it("stores the file, once", async () => {
    const form = await target({ form: true });
    expect(form).toMatchObject({ method: "POST", headers: {}, fields: { "Content-Type": "image/jpeg" } });
    expect(await post(form, picture)).toEqual({ status: 204 });
    expect(await post(form, picture)).toEqual({ status: 412, code: "already_exists" });
    const file = await api.deps.files.get(`uploads/${form.id}.local`);
    expect(file.type).toBe("image/jpeg");
    expect(new Uint8Array(await new Response(file.body).arrayBuffer())).toEqual(picture);
  });

  it("takes smaller files than announced, and refuses larger and empty ones", async () => {
    const form = await target({ form: true });
    expect(await post(form, new Uint8Array(picture.byteLength + 1))).toEqual({ status: 413, code: "too_large" });
    expect(await post(form, new Uint8Array(0))).toEqual({ status: 400, code: "empty_file" });
    expect(await post(form, null)).toEqual({ status: 400, code: "malformed" });
    expect(await api.stored()).toEqual([]);
    expect(await post(form, picture.subarray(0, 700))).toEqual({ status: 204 });
  });

  it("refuses other fields, other methods and forms past their time", async () => {
    const form = await target({ form: true });
    const refused = { status: 403, code: "bad_signature" };
    expect(await post(form, picture, { "Content-Type": "image/png" })).toEqual(refused);
    expect(await post(form, picture, { key: "uploads/other" })).toEqual(refused);
    expect(await post(form, picture, { acl: "public-read" })).toEqual(refused);
    expect(await post({ ...form, fields: {} }, picture)).toEqual(refused);
    expect(await put(form.url, picture)).toEqual(refused);
    expect(await post(await target(), picture)).toEqual(refused);
    await api.clock.advance(3_600_000);
    expect(await post(form, picture)).toEqual({ status: 403, code: "link_expired" });
    expect(await api.stored()).toEqual([]);
  });
});

describe("DELETE /v1/uploads/{id}", () => {
  const remove = async (id: string) => {
    const reply = await fetch(`${api.url}/v1/uploads/${id}`, { method: "DELETE" });
    return { status: reply.status, body: await reply.text() };
  };
  const code = (body: string) => (JSON.parse(body) as { code: string }).code;

  it("takes the file away, once", async () => {
    const [first, other] = [await target(), await target()];
    for (const { url } of [first, other]) expect((await put(url, picture)).status).toBe(200);
    expect(await remove(first.id)).toEqual({ status: 204, body: "" });
    expect(await api.stored()).toEqual([expect.stringContaining(other.id)]);
    const again = await remove(first.id);
    expect([again.status, code(again.body)]).toEqual([404, "not_found"]);
  });

  it("leaves the jobs that were made from it, and a job's deletion leaves the upload", async () => {
    const { id, url } = await target();
    await put(url, picture);
    const body = JSON.stringify({ kind: "animate", inputs: { image: { upload: id } }, params: { preset: "nod" } });
    const headers = { "Content-Type": "application/json" };
    const create = async () => {
      const reply = await fetch(`${api.url}/v1/jobs`, { method: "POST", headers, body });
      return ((await reply.json()) as { id: string }).id;
    };
    const [kept, deleted] = [await create(), await create()];
    expect((await fetch(`${api.url}/v1/jobs/${deleted}`, { method: "DELETE" })).status).toBe(204);
    expect(await api.stored()).toHaveLength(2);
    expect((await remove(id)).status).toBe(204);
    expect(await api.stored()).toEqual([expect.stringContaining(kept)]);
  });

  it("knows nothing of uploads that are others', not there yet, or gone", async () => {
    const { id } = await target();
    const others = await api.deps.files.put(uploadKey("bob", id), only(picture), { type: "image/jpeg" });
    for (const unknown of [id, "x", "0".repeat(32)]) expect((await remove(unknown)).status).toBe(404);
    expect(await api.stored()).toEqual([others.key]);
    await api.clock.advance(60 * 60_000);
    const gone = await remove(id);
    expect([gone.status, code(gone.body)]).toEqual([410, "gone"]);
  });
});

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
