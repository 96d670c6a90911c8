import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileHead, multipart, requestHead } from "../../../../test/support/multipart.ts";
import { emptyForm, type Form, type FormSpec, readMultipart } from "./multipart.ts";
import { openBody } from "./request-body.ts";

const spec: FormSpec<string> = {
  fields: { preset: { maxBytes: 100 }, mode: { maxBytes: 10 } },
  files: { photo: { maxBytes: 1000 } },
  async onFile(_name, body) {
    const chunks = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString("latin1");
  },
};

/** Reads a body that comes in pieces of `step` bytes. */
async function read(body: Uint8Array | string, type: string, step = 7, using = spec): Promise<Form<string>> {
  const bytes = Buffer.from(body as string);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.byteLength) controller.close();
      else controller.enqueue(new Uint8Array(bytes.subarray(at, at + step)));
      at += step;
    },
  });
  const request = new Request("http://x/", { method: "POST", body: stream, duplex: "half" } as RequestInit);
  const form = emptyForm<string>();
  await readMultipart(openBody(request), type, using, form);
  return form;
}

describe("a form", () => {
  const photo = { name: "photo", filename: "x", body: "\r\n--not the boundary\r\n" };
  const preset = { name: "preset", body: "größer" };

  it("is read whatever the order of its parts and wherever its pieces are cut", async () => {
    for (const parts of [
      [photo, preset],
      [preset, photo],
    ]) {
      const { body, type } = multipart(parts);
      for (const step of [1, 2, 3, 50, 5000]) {
        const form = await read(body, type, step);
        expect(form.fields).toEqual(new Map([["preset", "größer"]]));
        expect(form.files).toEqual(new Map([["photo", photo.body]]));
        expect(form.faults).toEqual([]);
      }
    }
  });

  it("may have a file of no bytes, and one without a file name", async () => {
    const { body, type } = multipart([{ name: "photo", body: "" }, preset]);
    expect((await read(body, type)).files).toEqual(new Map([["photo", ""]]));
  });

  it("names parts that came twice, are not known or too long", async () => {
    const { body, type } = multipart([
      preset,
      preset,
      photo,
      { ...photo, body: "another" },
      { name: "__proto__", body: "1" },
      { name: "mode", body: "x".repeat(11) },
    ]);
    const form = await read(body, type);
    expect(form.files.get("photo")).toBe(photo.body);
    expect(form.faults.map(({ loc, type }) => [loc[1], type])).toEqual([
      ["preset", "duplicate"],
      ["photo", "duplicate"],
      ["__proto__", "extra_forbidden"],
      ["mode", "string_too_long"],
    ]);
  });

  it("is empty when there is no body, or another type of body", async () => {
    for (const [body, type] of [
      ["", "multipart/form-data; boundary=x"],
      ["preset=a", "application/x-www-form-urlencoded"],
    ] as const) {
      expect(await read(body, type)).toEqual(emptyForm());
    }
  });

  it("is refused where its parts cannot be told apart", async () => {
    const { body, type } = multipart([photo, preset]);
    const malformed = { code: "malformed" };
    await expect(read(body, "multipart/form-data")).rejects.toMatchObject(malformed);
    await expect(read(body, "multipart/form-data; boundary=other")).rejects.toMatchObject(malformed);
    for (const cut of [1, 30, 100, 130, body.byteLength - 5]) {
      await expect(read(body.subarray(0, cut), type), `cut at ${cut}`).rejects.toMatchObject(malformed);
    }
    const many = multipart(Array.from({ length: 40 }, (_, i) => ({ name: `a${i}`, body: "1" })));
    await expect(read(many.body, many.type, 500)).rejects.toMatchObject(malformed);
  });

  it("is refused as soon as a file is too large, with its size where its end is near", async () => {
    const { body, type } = multipart([{ ...photo, body: "x".repeat(1001) }, preset]);
    await expect(read(body, type)).rejects.toMatchObject({ code: "too_large", bytes: 1001 });
    const far = multipart([{ ...photo, body: Buffer.alloc(17 * 1024 * 1024 + 2000) }]);
    await expect(read(far.body, far.type, 65_536)).rejects.toMatchObject({ code: "too_large", bytes: null });
  });

  it("is refused when a text part has no end", async () => {
    const huge = multipart([{ name: "preset", body: Buffer.alloc(20 * 1024 * 1024, 65) }]);
    await expect(read(huge.body, huge.type, 65_536)).rejects.toMatchObject({ code: "too_large" });
  });

  it("ends with the error of whoever takes its file, read or not", async () => {
    const { body, type } = multipart([{ ...photo, body: "x".repeat(900) }, preset]);
    const failing: FormSpec<string> = {
      ...spec,
      onFile: async () => {
        throw new Error("disk is full");
      },
    };
    await expect(read(body, type, 7, failing)).rejects.toThrow("disk is full");
  });
});

describe("a server that is sent far too much", () => {
  const MIB = 1024 * 1024;
  const BODY_MIB = 40;
  let server: ChildProcess;
  let port = 0;
  let dir = "";
  beforeAll(async () => {
    const script = fileURLToPath(new URL("../../../../test/support/disk-api.ts", import.meta.url));
    // garbage that is still to be collected is no memory of a body: a small young generation keeps it out of the figures
    server = spawn(process.execPath, ["--max-semi-space-size=4", script], { stdio: ["pipe", "pipe", "inherit"] });
    const line = await new Promise<string>((resolve) => server.stdout?.once("data", (data) => resolve(String(data))));
    ({ port, dir } = JSON.parse(line) as { port: number; dir: string });
  });
  // its end of the pipe tells it to stop and to clean up
  afterAll(async () => {
    server.stdin?.end();
    await new Promise((resolve) => server.once("exit", resolve));
  });

  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
  const block = Buffer.alloc(MIB, 7);
  const chunkOf = (data: Buffer | string) => {
    const bytes = Buffer.from(data as string);
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  };
  const chunk = chunkOf(block);

  /** Sends all it has before it reads, as Python's requests does. Answers what it then reads. */
  function stubborn(mebibytes: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      let text = "";
      socket.on("error", reject);
      socket.pause();
      socket.write(requestHead("chunked"));
      socket.write(chunkOf(fileHead("source_image")));
      let sent = 0;
      const more = () => {
        while (sent < mebibytes) {
          sent += 1;
          if (!socket.write(chunk)) return socket.once("drain", more);
        }
        socket.write("0\r\n\r\n");
        socket.on("data", (data) => {
          text += data;
        });
        socket.on("end", () => resolve(text));
        socket.resume();
      };
      more();
    });
  }

  it.skipIf(process.platform !== "linux")(
    "answers each of ten clients with 40 MB that read only after they have sent, and keeps nothing (measured on Linux)",
    async () => {
      for (let i = 0; i < 6; i++) await stubborn(12);
      const before = rss();
      const replies: string[] = [];
      // what is kept shows each time; garbage that a busy machine collects late does not
      let grownMib = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3 && grownMib >= 32; round++) {
        let peak = before;
        const sampling = setInterval(() => {
          peak = Math.max(peak, rss());
        }, 20);
        replies.push(...(await Promise.all(Array.from({ length: 10 }, () => stubborn(BODY_MIB)))));
        clearInterval(sampling);
        grownMib = Math.min(grownMib, peak - before);
      }
      for (const reply of replies) {
        expect(reply).toMatch(/^HTTP\/1\.1 413 /);
        expect(reply).toContain("File too large (more than 10,485,760 bytes). Maximum is 10,485,760 bytes (10 MB).");
      }
      expect(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())).toEqual([]);
      expect(grownMib).toBeLessThan(32);
    },
  );

  it("answers while the client is still sending, and waits for what it never sends", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(requestHead(200 * MIB) + fileHead("source_image"));
    for (let i = 0; i < 11; i++) socket.write(block);
    const text = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text.toLowerCase()).toContain("connection: close");
    socket.destroy();
  });
});
