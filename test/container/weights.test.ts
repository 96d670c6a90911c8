/** The fetcher of weights, against a server on loopback that cuts, lies and forgets. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PYTHON } from "../support/python.ts";

const WEIGHTS = join(import.meta.dirname, "../../gpu-container/weights.py");
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const sha256 = createHash("sha256").update(bytes).digest("hex");

let dir: string;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-weights-"));
  asked = [];
  answer = (_request, response) => response.end(bytes);
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? ""}`.trim());
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true });
});

/** Runs it with a lock of one file. */
async function weights(what: "fetch" | "check", changes: Record<string, unknown> = {}, args: string[] = []) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${REVISION}/a.pth`;
  const file = { name: "models/a.pth", url, revision: REVISION, bytes: bytes.length, sha256, ...changes };
  writeFileSync(join(dir, "weights.lock"), JSON.stringify({ files: [file] }));
  const child = spawn(PYTHON!, [WEIGHTS, what, "--lock", join(dir, "weights.lock"), "--to", dir, ...args]);
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, said };
}
const path = () => join(dir, "models/a.pth");

describe.skipIf(PYTHON === null)("weights.py", () => {
  test("fetches what the lock names, once", async () => {
    expect(await weights("fetch")).toMatchObject({ code: 0 });
    expect(readFileSync(path()).equals(bytes)).toBe(true);
    const again = await weights("fetch");
    expect(again).toMatchObject({ code: 0 });
    expect(again.said).toContain("there already");
    expect(asked).toEqual([`/${REVISION}/a.pth`]);
    expect(await weights("check")).toMatchObject({ code: 0 });
  });

  test("goes on where it was cut off", async () => {
    answer = (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": bytes.length - from,
        ...(from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
      });
      if (asked.length > 1) return response.end(bytes.subarray(from));
      response.write(bytes.subarray(0, 100_000), () => response.destroy());
    };
    expect(await weights("fetch")).toMatchObject({ code: 0 });
    expect(asked[1]).toMatch(/bytes=[1-9]\d*-$/);
    expect(readFileSync(path()).equals(bytes)).toBe(true);
  });

  test("begins anew where the server knows no ranges", async () => {
    answer = (_request, response) => {
      if (asked.length > 1) return response.end(bytes);
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 100_000), () => response.destroy());
    };
    expect(await weights("fetch")).toMatchObject({ code: 0 });
    expect(readFileSync(path()).equals(bytes)).toBe(true);
  });

  test.each([
    ["other bytes", () => Buffer.from(bytes).fill(0, 5, 6), "instead of"],
    ["more bytes", () => Buffer.concat([bytes, bytes]), "sends more than"],
  ])("takes no file with %s, and keeps none", async (_name, body, sentence) => {
    answer = (_request, response) => response.end(body());
    const { code, said } = await weights("fetch");
    expect([code, said]).toEqual([1, expect.stringContaining(sentence)]);
    expect(existsSync(path())).toBe(false);
    answer = (_request, response) => response.end(bytes);
    expect(await weights("fetch")).toMatchObject({ code: 0 });
  });

  test("says what the server said, and does not ask again for what is not there", async () => {
    answer = (_request, response) => response.writeHead(404).end();
    const { code, said } = await weights("fetch");
    expect([code, said]).toEqual([1, expect.stringContaining("answered 404")]);
    expect(asked).toHaveLength(1);
  });

  test("leaves a file alone that is another one", async () => {
    await weights("fetch");
    writeFileSync(path(), Buffer.from(bytes).fill(1, 9, 10));
    for (const what of ["check", "fetch"] as const) {
      expect(await weights(what)).toMatchObject({ code: 1, said: expect.stringContaining("not the file of the lock") });
    }
    writeFileSync(path(), "short");
    expect((await weights("check")).said).toContain("has 5 bytes instead of 300000");
  });

  test.each([
    ["no sha256", { sha256: null }, "names no sha256"],
    ["no size", { bytes: null }, "names no size"],
    ["an address whose revision is not pinned", { revision: "main" }, "no address with a pinned revision"],
    ["a name that leads out", { name: "../a" }, "not one"],
    ["an address that anybody could answer for", { url: `http://example.org/${REVISION}` }, "only https"],
  ])("a lock with %s stops it", async (_name, changes, sentence) => {
    expect(await weights("fetch", changes)).toMatchObject({ code: 1, said: expect.stringContaining(sentence) });
    expect(asked).toEqual([]);
  });

  test("a mirror serves the files by their names", async () => {
    const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mine/`;
    expect(await weights("fetch", {}, ["--mirror", mirror])).toMatchObject({ code: 0 });
    expect(asked).toEqual(["/mine/models/a.pth"]);
  });
});
