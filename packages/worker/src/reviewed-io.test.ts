import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ReviewRequest } from "@smileloop/core/engine/review-service.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import type { Log } from "@smileloop/core/log.ts";
import { afterAll, expect, test } from "vitest";
import type { JobIo, LocalFile } from "./job-io.ts";
import { reviewedIo } from "./reviewed-io.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-reviewed-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const slots = { target: { maxSeconds: 60 }, source: {} } as unknown as Record<string, Slot>;

function fileOf(name: string, type = "image/jpeg"): LocalFile {
  const path = join(dir, name);
  writeFileSync(path, name);
  return { path, type, bytes: name.length };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The reviewed `io` of a job with these files. Files called `bad…` are refused; `asked`, `stored` and `logged` say what has happened. */
async function open(files: Record<string, LocalFile[]>, allowed: string[] = []) {
  const asked: string[][] = [];
  const stored: string[] = [];
  const logged: object[] = [];
  const request = async ({ inputs, limits }: ReviewRequest) => {
    const names = inputs.files.map(({ path }) => basename(path));
    asked.push([...names, ...(limits ? [`${limits.seconds} s`] : [])]);
    if (names.some((name) => name.startsWith("broken"))) throw new AppError("input_unreadable", "It is cut off.");
    const file = names.findIndex((name) => name.startsWith("bad"));
    return { refused: file < 0 ? null : { file, class: "porn" }, timings: {} };
  };
  const io = {
    ...{ signal: new AbortController().signal, checker: { request } },
    input: async (slot: string) => files[slot] ?? [],
    timed: async (_: string, work: () => Promise<unknown>) => work(),
    options: () => ({ timeoutMs: 1000 }),
    store: async (name: string) => stored.push(name),
    storeStream: async (name: string) => stored.push(name),
  } as unknown as JobIo;
  const log = { warn: (facts: object) => logged.push(facts) } as unknown as Log;
  const opening = reviewedIo(io, { slots, allowed: new Set(allowed), log });
  const { input, store, storeStream } = await opening.catch((error: unknown) => {
    expect(stored).toEqual([]);
    throw Object.assign(error as Error, { logged });
  });
  return { input, store, storeStream, asked, stored, logged };
}

test("all pictures and videos of a job are looked at before its work begins, and sounds are not", async () => {
  const target = fileOf("clip.mp4", "video/mp4");
  const source = [fileOf("a.jpg"), fileOf("voice.wav", "audio/wav"), fileOf("b.jpg")];
  const { input, asked, logged } = await open({ target: [target], source });
  expect(asked).toEqual([
    ["clip.mp4", "61 s"],
    ["a.jpg", "b.jpg"],
  ]);
  expect(await input("source")).toEqual(source);
  expect(logged).toEqual([]);
});

test.each(["target", "source"])("a refused %s ends the job, and only the log has the class", async (slot) => {
  const files = { target: [fileOf("fine.jpg")], source: [fileOf("fine.jpg")], [slot]: [fileOf("bad.jpg")] };
  await expect(open(files)).rejects.toMatchObject({
    ...{ code: "content_refused", status: 422, retryable: false, input: slot },
    message: expect.not.stringMatching(/porn|\d/),
    logged: [{ input: slot, class: "porn" }],
  });
});

test("a refused result is not stored", async () => {
  const { store, stored, logged } = await open({ target: [fileOf("fine.jpg")] });
  const bad = store("image", fileOf("bad-result.jpg").path, { type: "image/jpeg" });
  await expect(bad).rejects.toMatchObject({ code: "content_refused", input: undefined });
  expect([stored, logged]).toEqual([[], [{ output: "image", class: "porn" }]]);
  await store("image", fileOf("result.jpg").path, { type: "image/jpeg" });
  expect(stored).toEqual(["image"]);
});

test("a file that the operator allows is not looked at, nor what is made of it; the others are", async () => {
  const allowed = [sha256("bad-art.jpg")];
  const { asked, store, stored } = await open({ target: [fileOf("bad-art.jpg")], source: [fileOf("a.jpg")] }, allowed);
  expect(asked).toEqual([["a.jpg"]]);
  await store("image", fileOf("bad-result.jpg").path, { type: "image/jpeg" });
  expect(stored).toEqual(["image"]);
  const both = { target: [fileOf("bad-art.jpg")], source: [fileOf("bad.jpg")] };
  await expect(open(both, allowed)).rejects.toMatchObject({ code: "content_refused", input: "source" });
});

test("what cannot be read ends the job by the name of its slot", async () => {
  const broken = open({ target: [fileOf("fine.jpg")], source: [fileOf("broken.jpg")] });
  await expect(broken).rejects.toMatchObject({ code: "input_unreadable", input: "source" });
});

test("what shows something is not stored as it comes, past the check", async () => {
  const { storeStream, stored } = await open({});
  const body = async function* () {
    yield Buffer.from("bytes");
  };
  const refused = storeStream("video", body, { type: "video/mp4" });
  await expect(refused).rejects.toMatchObject({ code: "internal", message: expect.stringContaining("'video'") });
  await storeStream("archive", body, { type: "application/zip" });
  expect(stored).toEqual(["archive"]);
});
