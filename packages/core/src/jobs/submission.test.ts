import { expect, test } from "vitest";
import { z } from "zod";
import { createKinds } from "../kinds/index.ts";
import type { KindEntry } from "../kinds/kind.ts";
import { checkSubmission, workOf } from "./submission.ts";

const many = { noun: "picture", media: ["image" as const], maxBytes: 1, files: { min: 2, max: 3 } };
const one = { ...many, files: { min: 0, max: 1 } };
const collage: KindEntry = {
  name: "collage",
  worker: "engine",
  define: ({ engines }) => ({
    title: "Pictures become one",
    slots: { pictures: many, frame: one },
    params: z.strictObject({ engine: z.enum(engines as [string, ...string[]]).optional() }),
    conflicts: (_params, slots) =>
      slots.includes("frame") ? [{ loc: ["inputs", "frame"], msg: "No frame today.", type: "invalid_value" }] : [],
    outputs: ["picture"],
    estimateSeconds: (_params, { pictures = [] }) => 100 * pictures.length,
  }),
};
const album: KindEntry = { ...collage, name: "album", worker: "plan" };

const known = ["scissors", "glue"].map((name) => ({ name, kinds: ["collage"] }));
const kindsIn = (queues?: string[], maxWork?: Map<string, number>) =>
  createKinds({
    ...(maxWork ? { maxWork } : {}),
    ...{ kinds: [collage, album], presets: new Map() },
    engines: { known, serve: new Map([["collage", ["scissors"]]]) },
    ...(queues ? { queues: new Set(queues) } : {}),
  });
const ask = (inputs: Record<string, number>, params = {}, kind = "collage") =>
  checkSubmission(kindsIn(), { kind, inputs, params });
const pictures = (count: number) => ({
  pictures: Array.from({ length: count }, () => ({ type: "image/png", bytes: 1 })),
});

test("the first engine that is here does it, and much work goes to its long queue", () => {
  const submission = ask({ pictures: 2 });
  expect(submission).toMatchObject({ kind: { name: "collage" }, engine: "scissors" });
  expect(workOf(submission, pictures(3))).toEqual({ estimateSeconds: 300, queue: "scissors" });
  const kinds = kindsIn(["scissors", "scissors-long"]);
  const withLong = checkSubmission(kinds, { kind: "collage", inputs: { pictures: 2 }, params: {} });
  expect(workOf(withLong, pictures(3)).queue).toBe("scissors-long");
  expect(workOf(withLong, pictures(1)).queue).toBe("scissors");
});

test("work that the workers of a queue have no time for is refused with both figures", () => {
  const work = (most: number, count: number) => {
    const kinds = kindsIn(undefined, new Map([["scissors", most]]));
    return workOf(checkSubmission(kinds, { kind: "collage", inputs: { pictures: 2 }, params: {} }), pictures(count));
  };
  expect(work(300, 3)).toMatchObject({ estimateSeconds: 300 });
  expect(() => work(299, 3)).toThrow(
    expect.objectContaining({
      code: "input_too_large",
      message: expect.stringMatching(
        /^This is about 300 s of work; at most 299 s are done here\. A shorter input/,
      ) as string,
    }),
  );
});

test("as many files as a slot takes are taken", () => {
  expect(ask({ pictures: 3 }).params).toEqual({});
  expect(() => ask({ pictures: 2, frame: 1 })).toThrow(/^No frame today\.$/);
});

test("a plan needs no engine, but a queue", () => {
  const submission = ask({ pictures: 2 }, {}, "album");
  expect([submission.engine, workOf(submission, {}).queue]).toEqual([null, "plans"]);
  const elsewhere = () =>
    checkSubmission(kindsIn(["scissors"]), { kind: "album", inputs: { pictures: 2 }, params: {} });
  expect(elsewhere).toThrow(expect.objectContaining({ code: "engine_not_configured" }));
});

test("an unknown kind is answered with those that there are", () => {
  const unknown = () => ask({ pictures: 2 }, {}, "collag");
  const message = "Unknown kind 'collag'. Choose from: album, collage";
  const errors = [{ loc: ["body", "kind"], msg: message, type: "invalid_value" }];
  expect(unknown).toThrow(expect.objectContaining({ code: "invalid_request", message, errors }));
});

test("a slot that is named without files is empty", () => {
  expect(ask({ pictures: 2, frame: 0 }).engine).toBe("scissors");
});

test("the sentence names the param at fault, where one is", () => {
  expect(() => ask({ pictures: 2 }, { engine: "saw" })).toThrow(/^engine: /);
  expect(() => ask({ pictures: 2 }, { colour: "red" })).toThrow(/^[^:]*colour/);
});

test.each<[string, Record<string, number>, object, (string | number)[], RegExp]>([
  ["no file", {}, {}, ["body", "inputs", "pictures"], /needed/],
  ["too few files", { pictures: 1 }, {}, ["body", "inputs", "pictures"], /at least 2 files, got 1/],
  ["too many files", { pictures: 4 }, {}, ["body", "inputs", "pictures"], /at most 3 files, got 4/],
  ["two files for one", { pictures: 2, frame: 2 }, {}, ["body", "inputs", "frame"], /one file, got 2/],
  [
    "a slot that is not there",
    { pictures: 2, toString: 1 },
    {},
    ["body", "inputs", "toString"],
    /Choose from: frame, pictures/,
  ],
  ["an engine that nobody knows", { pictures: 2 }, { engine: "saw" }, ["body", "params", "engine"], /scissors/],
  ["a conflict", { pictures: 2, frame: 1 }, {}, ["body", "inputs", "frame"], /No frame today/],
])("%s is refused where it stands", (_name, inputs, params, loc, msg) => {
  const fault = expect.objectContaining({ loc, msg: expect.stringMatching(msg) });
  expect(() => ask(inputs, params)).toThrow(
    expect.objectContaining({ code: "invalid_request", errors: expect.arrayContaining([fault]) }),
  );
});

test("an engine that is known and not here is said to be missing", () => {
  expect(() => ask({ pictures: 2 }, { engine: "glue" })).toThrow(
    expect.objectContaining({ code: "engine_not_configured", message: expect.stringContaining("scissors") }),
  );
  const nobody = createKinds({ kinds: [collage], presets: new Map(), engines: { known, serve: new Map() } });
  const alone = () => checkSubmission(nobody, { kind: "collage", inputs: { pictures: 2 }, params: {} });
  expect(alone).toThrow(/^The engine 'collage' is not configured here\.$/);
});
