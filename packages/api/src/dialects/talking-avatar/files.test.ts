/** Uploads, downloads and deletions: what comes in, under which name, and who may have it. */
import { connect } from "node:net";
import { newId } from "@smileloop/core/job/ids.ts";
import { afterEach, describe, expect, it } from "vitest";
import { jpegBytes, pngBytes, type TestApi, testApi } from "../../../../../test/support/api.ts";
import { settle } from "../../../../../test/support/manual-clock.ts";
import { multipart } from "../../../../../test/support/multipart.ts";
import {
  generate,
  mp3Bytes,
  outcome,
  send,
  upload,
  uploadBoth,
  VIDEO,
  wavBytes,
  work,
} from "../../../../../test/support/talking-avatar.ts";
import type { ApiConfig } from "../../deps.ts";

const NO_IMAGE = "Invalid file type. Allowed: image/png, image/jpeg, image/jpg";
const NO_AUDIO = "Invalid file type. Allowed: WAV, MP3";
const MIB = 1024 * 1024;

let api: TestApi;
let stopWorker: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stopWorker?.();
  stopWorker = null;
  await api.close();
});
async function start(config: Partial<ApiConfig> = {}): Promise<void> {
  api = testApi(config);
  await api.listen();
}

async function form(what: "image" | "audio", body: FormData | string, headers: Record<string, string> = {}) {
  return send(api, `/upload/${what}`, { method: "POST", body, headers });
}

describe("uploads", () => {
  it.each<[string, "image" | "audio", Uint8Array, RegExp]>([
    ["a JPEG", "image", jpegBytes(), /^[0-9a-f]{32}\.jpg$/],
    ["a PNG", "image", pngBytes(), /^[0-9a-f]{32}\.png$/],
    ["a WAV", "audio", wavBytes(), /^[0-9a-f]{32}\.wav$/],
    ["an MP3", "audio", mp3Bytes(), /^[0-9a-f]{32}\.mp3$/],
  ])("%s is known by its bytes, however it is called", async (_name, what, bytes, filename) => {
    await start();
    const message = `${what === "image" ? "Image" : "Audio"} uploaded successfully`;
    for (const [name, type] of [
      ["a.bin", "application/octet-stream"],
      ["../../etc/passwd", "text/plain"],
      ["blob", ""],
      ["photo.gif", "image/gif"],
    ] as const) {
      const body = new FormData();
      body.append("file", new Blob([new Uint8Array(bytes)], { type }), name);
      const reply = await form(what, body);
      expect([reply.status, await reply.json()]).toEqual([200, { filename: expect.stringMatching(filename), message }]);
    }
    const bare = multipart([{ name: "file", body: bytes }]);
    const headers = { "Content-Type": bare.type };
    expect((await send(api, `/upload/${what}`, { method: "POST", body: Buffer.from(bare.body), headers })).status).toBe(
      200,
    );
    expect((await api.stored()).length).toBe(5);
  });

  const missing = [{ loc: ["body", "file"], msg: "Field required", type: "missing" }];
  it.each<[string, "image" | "audio", Uint8Array, number, unknown]>([
    ["a GIF", "image", Buffer.from("GIF89a\x01\0\x01\0\0\0\0;"), 400, NO_IMAGE],
    ["a WAV as a picture", "image", wavBytes(), 400, NO_IMAGE],
    ["a text", "image", Buffer.from("hello"), 400, NO_IMAGE],
    ["a JPEG as a sound", "audio", jpegBytes(), 400, NO_AUDIO],
    ["an Ogg", "audio", Buffer.from(`OggS\0\x02${"\0".repeat(22)}\x01\x13OpusHead${"\0".repeat(40)}`), 400, NO_AUDIO],
    ["a FLAC", "audio", Buffer.from(`fLaC${"\0".repeat(60)}`), 400, NO_AUDIO],
    ["noise", "audio", Buffer.from(Array.from({ length: 900 }, (_, i) => (i * 73) % 251)), 400, NO_AUDIO],
    ["an empty picture", "image", new Uint8Array(0), 400, "The file is empty."],
    ["an empty sound", "audio", new Uint8Array(0), 400, "The file is empty."],
    ["too many pixels", "image", pngBytes(30_000, 30_000), 413, expect.stringContaining("30000×30000")],
    ["a long sound", "audio", wavBytes(301), 413, "The audio is 301 s long; at most 300 s are accepted."],
    [
      "a picture without pixels",
      "image",
      jpegBytes().subarray(0, 12),
      422,
      [{ loc: ["body", "file"], msg: expect.stringContaining("header cannot be read"), type: "input_unreadable" }],
    ],
  ])("%s is refused, and nothing of it stays", async (_name, what, bytes, status, detail) => {
    await start();
    expect(await outcome(upload(api, what, bytes))).toEqual([status, detail]);
    expect(await api.stored()).toEqual([]);
  });

  it.each<["image" | "audio", number]>([
    ["image", 20 * MIB],
    ["audio", 50 * MIB],
  ])("%s: as large as it may be, and a byte more", async (what, most) => {
    await start();
    const bytes = what === "image" ? jpegBytes(9, 9, most + 1) : wavBytes(1, most + 1);
    expect((await upload(api, what, bytes.subarray(0, most))).status).toBe(200);
    const [key] = await api.stored();
    const sentence = `The file 'file' is larger than ${most} bytes: it has ${most + 1} bytes.`;
    expect(await outcome(upload(api, what, bytes))).toEqual([413, sentence]);
    expect(await api.stored()).toEqual([key]);
  });

  it("name what is wrong with a form", async () => {
    await start();
    const body = new FormData();
    body.append("image", new Blob([new Uint8Array(jpegBytes())]), "a.jpg");
    const unknown = { loc: ["body", "image"], msg: "This part is not known here", type: "extra_forbidden" };
    expect(await outcome(form("image", body))).toEqual([422, [...missing, unknown]]);
    expect(await outcome(form("image", "{}", { "Content-Type": "application/json" }))).toEqual([422, missing]);
    expect(await outcome(form("audio", "", { "Content-Type": "multipart/form-data; boundary=x" }))).toEqual([
      422,
      missing,
    ]);
    expect(await outcome(form("audio", "x", { "Content-Type": "multipart/form-data" }))).toEqual([
      400,
      expect.stringContaining("no boundary"),
    ]);
    const cut = multipart([{ name: "file", filename: "a.jpg", body: jpegBytes() }]);
    const half = Buffer.from(cut.body.subarray(0, 900));
    const reply = send(api, "/upload/image", { method: "POST", body: half, headers: { "Content-Type": cut.type } });
    expect(await outcome(reply)).toEqual([400, expect.stringContaining("cut off")]);
    const twice = new FormData();
    twice.append("file", new Blob(["not a picture"]), "wrong.txt");
    twice.append("file", new Blob([new Uint8Array(jpegBytes())]), "right.jpg");
    const doubled = { loc: ["body", "file"], msg: "This part was sent twice", type: "duplicate" };
    expect(await outcome(form("image", twice))).toEqual([422, [doubled]]);
    expect(await api.stored()).toEqual([]);
  });

  it("leave nothing of a client that goes in the middle", async () => {
    await start();
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    const type = "multipart/form-data; boundary=x";
    socket.write(
      `POST /api/v1/upload/audio HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: 900000\r\n\r\n`,
    );
    socket.write('--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n');
    await new Promise((sent) => socket.write(wavBytes(10), sent));
    await settle(50);
    socket.destroy();
    await expect.poll(() => api.lines.find(({ event }) => event === "request")).toMatchObject({ status: 400 });
    expect(await api.stored()).toEqual([]);
  });

  it("live an hour", async () => {
    await start();
    const names = await uploadBoth(api);
    await api.clock.advance(3_600_000);
    expect(await outcome(generate(api, names))).toEqual([404, `Image file not found: ${names.image_filename}`]);
    expect(await outcome(send(api, `/cleanup/${names.audio_filename}`, { method: "DELETE" }))).toEqual([
      404,
      "File not found",
    ]);
  });
});

const HOSTILE = [
  "..%2f..%2fetc%2fpasswd",
  "..%5C..%5Cboot.ini",
  "%2e%2e%2fetc",
  "%00",
  "%E0%A4%A",
  "a".repeat(5000),
  "'%20or%201=1",
  `${"f".repeat(32)}.jpg`,
  `${"f".repeat(32)}.mp4`,
  "clip.mp4",
  "constructor",
];

describe("a name that is not one of these files", () => {
  it("is 404 wherever it is sent, in the words of that route", async () => {
    await start();
    const { audio_filename } = await uploadBoth(api);
    const before = await api.stored();
    for (const name of HOSTILE) {
      expect(await outcome(send(api, `/download/${name}`)), name).toEqual([404, "Video not found"]);
      expect(await outcome(send(api, `/status/${name}`)), name).toEqual([404, "Job not found"]);
      expect(await outcome(send(api, `/cleanup/${name}`, { method: "DELETE" })), name).toEqual([404, "File not found"]);
      if (name.length > 500 || name === "%E0%A4%A") continue;
      const image_filename = decodeURIComponent(name);
      const sentence = `Image file not found: ${image_filename}`;
      expect(await outcome(generate(api, { image_filename, audio_filename })), name).toEqual([404, sentence]);
    }
    expect((await send(api, "/download/../../etc/passwd")).status).toBe(404);
    expect((await send(api, "/cleanup/a/b", { method: "DELETE" })).status).toBe(404);
    expect(await api.stored()).toEqual(before);
  });

  it("is also that of an upload with another ending, in another folder, or of a job of another kind", async () => {
    await start();
    const names = await uploadBoth(api);
    const id = names.image_filename.slice(0, 32);
    for (const name of [`${id}.png`, `${id}.wav`, `${id}.mp4`, id, `${id}.jpg.jpg`, `uploads/${id}.jpg`]) {
      const reply = send(api, `/cleanup/${encodeURIComponent(name)}`, { method: "DELETE" });
      expect(await outcome(reply), name).toEqual([404, "File not found"]);
    }
    expect(await outcome(generate(api, { ...names, image_filename: `${id}.png` }))).toEqual([
      404,
      `Image file not found: ${id}.png`,
    ]);
    const body = JSON.stringify({ kind: "animate", inputs: { image: { upload: id } }, params: { preset: "blink" } });
    const headers = { "Content-Type": "application/json" };
    const made = await (await fetch(`${api.url}/v1/jobs`, { method: "POST", body, headers })).json();
    const job = { owner: "local", id: (made as { id: string }).id };
    await api.worker.succeed(job, await api.worker.claim(job), VIDEO);
    expect(await outcome(send(api, `/status/${job.id}`))).toEqual([404, "Job not found"]);
    expect(await outcome(send(api, `/download/${job.id}.mp4`))).toEqual([404, "Video not found"]);
    expect(await outcome(send(api, `/cleanup/${job.id}.mp4`, { method: "DELETE" }))).toEqual([404, "File not found"]);
    const unknown = newId(api.clock.now());
    expect(await outcome(send(api, `/status/${unknown}`))).toEqual([404, "Job not found"]);
  });
});

describe("a finished video", () => {
  async function finished(): Promise<string> {
    await start();
    stopWorker = work(api);
    const reply = await generate(api, await uploadBoth(api));
    return ((await reply.json()) as { video_filename: string }).video_filename;
  }

  it("is served with ranges, ETag and HEAD", async () => {
    const name = await finished();
    const head = await send(api, `/download/${name}`, { method: "HEAD" });
    expect(Object.fromEntries(head.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": String(VIDEO.byteLength),
      "accept-ranges": "bytes",
    });
    const part = await send(api, `/download/${name}`, { headers: { Range: "bytes=4-8" } });
    expect([part.status, await part.text()]).toEqual([206, "a vid"]);
    const etag = head.headers.get("etag") ?? "";
    expect((await send(api, `/download/${name}`, { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await send(api, `/download/${name}`, { headers: { Range: "bytes=999-" } })).status).toBe(416);
  });

  it("goes at once when it is cleaned up, with its job and the copies of its files; so do uploads", async () => {
    const name = await finished();
    const cleanUp = (file: string) => send(api, `/cleanup/${file}`, { method: "DELETE" });
    const gone = await cleanUp(name);
    expect([gone.status, await gone.json()]).toEqual([200, { message: `File ${name} deleted successfully` }]);
    expect(await outcome(cleanUp(name))).toEqual([404, "File not found"]);
    expect(await outcome(send(api, `/download/${name}`))).toEqual([404, "Video not found"]);
    expect(await outcome(send(api, `/status/${name.slice(0, 32)}`))).toEqual([404, "Job not found"]);
    const uploads = await api.stored();
    expect(uploads.map((key) => key.split("/")[0])).toEqual(["uploads", "uploads"]);
    for (const key of uploads) {
      const id = key.slice("uploads/".length).split(".")[0]!;
      const replies = await Promise.all(["jpg", "wav"].map((ending) => cleanUp(`${id}.${ending}`)));
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 404]);
    }
    expect(await api.stored()).toEqual([]);
  });

  it("is gone after its hour, and its job says so", async () => {
    const name = await finished();
    await api.clock.advance(3_600_000);
    expect(await outcome(send(api, `/download/${name}`))).toEqual([404, "Video not found"]);
    const job = await (await send(api, `/status/${name.slice(0, 32)}`)).json();
    const error_message = "Results are kept for an hour and this one is gone.";
    expect(job).toMatchObject({ status: "failed", progress: 100, result: { success: false, error_message } });
  });
});
