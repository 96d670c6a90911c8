/** What people and attackers send that is no portrait: refused with a code, never a 5xx, and nothing of it stays on disk. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { animate, endOf, type Job, postJob, upload } from "../support/client.ts";
import { multipart, requestHead } from "../support/multipart.ts";
import { ASTRONAUT, CAT, COFFEE, drawing, mutations, pngHeader, textures } from "../support/pictures.ts";
import { type ServerProcess, startServer } from "../support/server.ts";
import { JXL } from "../support/unread.ts";

const MAX_BYTES = 10 * 1024 * 1024;
let server: ServerProcess;
/** Jobs that ended otherwise than by a refusal. */
const kept = new Set<string>();
/** Uploads by the native API. */
const stored: string[] = [];

beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: "error", WARP_PROCESSES: "1" } });
});
afterAll(async () => {
  const exit = await server.stop();
  expect(server.stderr()).toBe("");
  expect(exit).toMatchObject({ code: 0 });
});

describe("POST /animate refuses", () => {
  const portrait = readFileSync(ASTRONAUT);
  test.each<[what: string, image: () => Buffer | Promise<Buffer>, status: number, detail: RegExp]>([
    ["an empty file", () => Buffer.alloc(0), 400, /^Uploaded file is empty\.$/],
    [
      "a JPEG XL that is named .jpg",
      () => JXL,
      415,
      /^Unsupported image type. This is image\/jxl. Export it as a JPEG/,
    ],
    ["a PNG of 30000×30000", () => pngHeader(30_000, 30_000), 413, /^Image too large \(30000×30000 pixels\)/],
    ["a JPEG that was cut off in its header", () => portrait.subarray(0, 300), 422, /\w\.$/],
    ["a JPEG that was cut off in its picture", () => portrait.subarray(0, 20_000), 422, /\w\.$/],
    ["a cat", () => readFileSync(CAT), 422, /face/],
    ["a cup of coffee", () => readFileSync(COFFEE), 422, /face/],
  ])("%s", async (_what, image, status, detail) => {
    const reply = await animate(server.url, await image(), "gentle_smile");
    expect(reply.status).toBe(status);
    expect(((await reply.json()) as { detail: string }).detail).toMatch(detail);
  });

  test("textures", async () => {
    for (const { name, bytes } of await textures()) {
      const reply = await animate(server.url, bytes, "blink");
      expect(reply.status, name).toBe(422);
      expect(((await reply.json()) as { detail: string }).detail).toMatch(/face/);
    }
  });

  test.each([
    ["with Content-Length, the file first", "length", ["source_image", "preset"]],
    ["with Content-Length, the file last", "length", ["preset", "source_image"]],
    ["without Content-Length, the file first", "chunked", ["source_image", "preset"]],
    ["without Content-Length, the file last", "chunked", ["preset", "source_image"]],
  ] as const)("10 MiB and one byte %s", async (_how, framing, order) => {
    const parts = {
      source_image: { name: "source_image", filename: "a.jpg", body: Buffer.alloc(MAX_BYTES + 1, portrait) },
      preset: { name: "preset", body: "blink" },
    };
    const { body } = multipart(order.map((name) => parts[name]));
    const reply = await sendRaw(body, framing);
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    expect(reply).toMatch(/File too large \((10,485,761|more than 10,485,760) bytes\)\. Maximum is 10,485,760 bytes/);
  });

  test("names and ids that climb out of the folder", async () => {
    for (const filename of ["../../../etc/passwd", "..\\..\\secret", "/etc/passwd", "a\u0000.jpg"]) {
      const { body, type } = multipart([
        { name: "source_image", filename, body: JXL },
        { name: "preset", body: "blink" },
      ]);
      const headers = { "content-type": type };
      const reply = await fetch(`${server.url}/animate`, { method: "POST", headers, body: Uint8Array.from(body) });
      expect([400, 415]).toContain(reply.status);
    }
    for (const name of ["../presets/blink", "..", "blink.json", "__proto__", "constructor"]) {
      expect((await animate(server.url, portrait, name)).status).toBe(422);
    }
    for (const path of ["/job/", "/download/", "/v1/jobs/", "/v1/presets/", "/docs/"]) {
      for (const id of ["..%2f..%2fsecret", "%2e%2e%2fsecret", "..%5csecret", "%00", "secret", "....//secret"]) {
        const reply = await fetch(`${server.url}${path}${id}`);
        expect([400, 404, 422], `${path}${id}`).toContain(reply.status);
        expect(await reply.text()).not.toContain(readFileSync(join(server.dataDir, "secret"), "latin1"));
      }
    }
  });
});

test("a drawing is refused or animated", async () => {
  const { job } = await nativeJob(await drawing());
  if (job?.status !== "succeeded") expect(job?.error?.code).toMatch(/^(no_face|face_|image_)/);
});

test("20 damaged JPEGs each end in a refusal or a video", async () => {
  const portrait = await sharp(ASTRONAUT).resize(320).jpeg({ quality: 85 }).toBuffer();
  const ends: Record<string, number> = {};
  for (const bytes of mutations(portrait, 20, 20)) {
    const { status, job, code } = await nativeJob(bytes);
    expect(status, code).toBeLessThan(500);
    const end = job?.status === "failed" ? job.error!.code : (job?.status ?? code!);
    expect(end).toMatch(/^(succeeded|input_unreadable|no_face|face_too_small|unsupported_type|empty_file)$/);
    ends[end] = (ends[end] ?? 0) + 1;
  }
  expect(ends.succeeded).toBeGreaterThan(0);
  expect(ends.succeeded).toBeLessThan(20);
});

test("afterwards nothing that was refused lies on disk, and the server is well", async () => {
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  const { jobs } = (await (await fetch(`${server.url}/v1/jobs?limit=100`)).json()) as { jobs: Job[] };
  expect(new Set(jobs.map((job) => job.id))).toEqual(kept);
  const uploads: string[] = [];
  const foreign: string[] = [];
  for (const path of filesUnder(server.dataDir)) {
    const id = /^jobs\/local\/[0-9a-f]{12}([0-9a-f]{32})\/(in|out)\//.exec(path)?.[1];
    if (path.startsWith("uploads/")) uploads.push(path);
    else if (
      id === undefined
        ? !/^(jobs\/.*\/job\.\d+\.json|due\/.*|audit\/.*|owners\/local\/salt|signing\.pem|mark\.key|secret|reserve|in-use(-journal)?)$/.test(
            path,
          )
        : !kept.has(id)
    )
      foreign.push(path);
  }
  expect(foreign).toEqual([]);
  // an upload is the client's own for its hour, whatever became of the job
  expect(uploads.sort()).toEqual(stored.map((id) => `uploads/${id}.local`).sort());
  for (const { id, status } of jobs) {
    const files = filesUnder(server.dataDir).filter((path) => path.includes(`${id}/out/`));
    expect(files.length, `${id} ${status}`).toBe(status === "succeeded" ? 2 : 0);
  }
});

/** One small clip by upload and job; `job` is absent when there was none, `code` says why then. */
async function nativeJob(bytes: Buffer): Promise<{ status: number; job: Job | null; code?: string }> {
  const image = await upload(server.url, bytes);
  stored.push(image);
  const reply = await postJob(server.url, image);
  const body = (await reply.json()) as Job & { code?: string };
  if (body.id === undefined) return { status: reply.status, job: null, code: body.code ?? "" };
  kept.add(body.id);
  return { status: reply.status, job: await endOf(server.url, body.id) };
}

/** Sends a form as fast as it is taken, and answers what comes back before the connection ends. */
function sendRaw(body: Uint8Array, framing: "length" | "chunked"): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(server.port, "127.0.0.1");
    socket.on("data", (data) => {
      said += data;
      if (/\r\n\r\n.*\}/s.test(said)) socket.destroy();
    });
    socket.on("error", () => {}); // the server may close before it has read everything
    socket.on("close", () => resolve(said));
    socket.write(requestHead(framing === "length" ? body.byteLength : "chunked"));
    if (framing === "length") socket.write(body);
    else {
      socket.write(`${body.byteLength.toString(16)}\r\n`);
      socket.write(body);
      socket.write("\r\n0\r\n\r\n");
    }
  });
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(dir, name)).isFile());
}
