/** Who is let in to the reader of marks, and for how long. */
import { AppError } from "@smileloop/core/errors.ts";
import { createLog } from "@smileloop/core/log.ts";
import type { FoundMarks, Verifier } from "@smileloop/core/verifier.ts";
import { expect, test } from "vitest";
import { C2paTimeout } from "./signing/c2pa.ts";
import { boundedVerifier, readMarks } from "./verifier.ts";

const FILE = { key: "uploads/x", etag: "e", type: "image/jpeg", bytes: 1 };
const NOTHING: FoundMarks = { signature: "none", instance: null, watermark: null };
const { signal } = new AbortController();

test("three owners with two files each leave room for a fourth, whose turn comes before their second ones", async () => {
  const order: string[] = [];
  const open: (() => void)[] = [];
  const slow: Verifier = {
    verify: async (_, { owner }) => {
      order.push(owner);
      await new Promise<void>((resolve) => void open.push(resolve));
      return NOTHING;
    },
  };
  const { verify } = boundedVerifier(slow);
  const ask = (owner: string) => verify(FILE, { owner, signal });
  const asked = ["ann", "ann", "bob", "bob", "cay", "cay", "dan"].map(ask);
  await expect(ask("ann")).rejects.toMatchObject({ code: "too_many_requests" });
  for (let done = 0; done < asked.length; done++) {
    await new Promise(setImmediate);
    open.shift()?.();
    await new Promise(setImmediate);
  }
  await Promise.all(asked);
  expect(order.indexOf("dan")).toBeLessThan(order.lastIndexOf("bob"));
});

test("a file that holds the reader is given up, and its caller is told when to come again", async () => {
  const stuck: Verifier = {
    verify: (_, options) =>
      new Promise((__, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason))),
  };
  const { verify } = boundedVerifier(stuck, 10);
  const refused = { code: "unavailable", retryAfterSeconds: expect.any(Number) };
  await expect(verify(FILE, { owner: "ann", signal })).rejects.toMatchObject(refused);
});

test("a caller that has left is no time limit", async () => {
  const gone = AbortSignal.abort(new Error("gone"));
  const { verify } = boundedVerifier({ verify: async () => NOTHING });
  await expect(verify(FILE, { owner: "ann", signal: gone })).rejects.toThrow("gone");
});

test("of a file whose signature takes too long to read nothing is said", async () => {
  const reader = {
    c2pa: { read: () => Promise.reject(new C2paTimeout("took more than 1 ms")) },
    trusted: async () => [],
    findMark: null,
    log: createLog({ level: "silent" }),
  };
  const asked = readMarks(reader, { path: "x.mp4", type: "video/mp4", signal });
  await expect(asked).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("too long") });
});

test("a file that cannot be decoded has no mark; a key or an engine that fails is not taken for that", async () => {
  const lookFor = (error: Error) =>
    readMarks(
      {
        c2pa: { read: () => Promise.reject(new Error("asked")) },
        trusted: async () => [],
        findMark: () => Promise.reject(error),
        log: createLog({ level: "silent" }),
      },
      { path: "/a/file", type: "image/bmp", signal },
    );
  const damaged = await lookFor(new AppError("input_unreadable", "It is damaged."));
  expect(damaged.watermark).toEqual({ found: false });
  const refused = {
    code: "unavailable",
    message: expect.not.stringContaining("mark.key"),
    retryAfterSeconds: expect.any(Number),
  };
  await expect(lookFor(new Error("/data/mark.key is damaged"))).rejects.toMatchObject(refused);
  await expect(lookFor(new AppError("engine_timeout", "It took too long."))).rejects.toMatchObject(refused);
  const late = new DOMException("late", "TimeoutError");
  await expect(lookFor(late)).rejects.toMatchObject(refused);
});
