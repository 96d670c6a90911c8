import { expect, test } from "vitest";
import { z } from "zod";
import { kindsWith } from "../../../../test/support/kinds.ts";
import { motionSchema } from "../motion/motion.ts";
import { presetSchema } from "../motion/preset.ts";
import { fieldErrors } from "./fields.ts";

const nod = { name: "nod", title: "Nod", description: "A nod.", duration: 2, fps: 25, loop: true, channels: {} };
const { params } = kindsWith(new Map([["nod", presetSchema.parse(nod)]]), ["warp"]).get("animate")!;

function sentences(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return error ? fieldErrors(error, []).map(({ loc, msg }) => `${loc.join(".")}: ${msg}`) : [];
}

test.each<[object, string]>([
  [{ duration: 20 }, "duration: at most 10 seconds, got 20"],
  [{ duration: 0 }, "duration: at least 1 second, got 0"],
  [{ duration: "3" }, "duration: must be a number, got '3'"],
  [{ fps: 25.5 }, "fps: must be a whole number, got 25.5"],
  [{ fps: 61 }, "fps: at most 60, got 61"],
  [{ fps: null }, "fps: must be a number, got null"],
  [{ fps: [25] }, "fps: must be a number, got a list"],
  [{ fps: {} }, "fps: must be a number, got an object"],
  [{ seed: -1 }, "seed: at least 0, got -1"],
  [{ size: 500 }, "size: must be one of source, 256, 512, 720, 1024, got 500"],
  [{ size: "512" }, "size: must be one of source, 256, 512, 720, 1024, the numbers without quotes, got '512'"],
  [{ engine: "magic" }, "engine: must be one of warp, liveportrait, got 'magic'"],
  [{ engine: "m".repeat(1e6) }, `engine: must be one of warp, liveportrait, got '${"m".repeat(59)}…'`],
  [{ faces: "two" }, "faces: must be 'all', got 'two'; one of the faces is chosen by `face`"],
  [
    { speed: 2 },
    ": unknown name 'speed'; allowed: consent, duration, engine, face, faces, format, fps, intensity, label, preset, seed, size",
  ],
])("params %j", (given, sentence) => {
  expect(sentences(params, { preset: "nod", ...given })).toEqual([sentence]);
});

test.each<[string, z.ZodType, unknown, string]>([
  ["what is missing", z.object({ kind: z.string() }), {}, "kind: is required"],
  ["a choice that is missing", z.object({ tier: z.enum(["a", "b"]) }), {}, "tier: is required: one of a, b"],
  ["text that is too long", z.string().max(3), "long", ": at most 3 characters, got 4"],
  ["empty text", z.string().min(1), "", ": must not be empty"],
  ["too many items", z.array(z.int()).max(1), [1, 2], ": at most 1 item, got 2"],
  ["an exclusive limit", z.number().gt(0), 0, ": more than 0, got 0"],
  ["a number in a query", z.coerce.number(), "abc", ": must be a number"],
  ["no object", z.strictObject({}), "x", ": must be an object, got 'x'"],
  ["neither true nor false", z.boolean(), 1, ": must be true or false, got 1"],
  ["no address", z.url(), "x", ": must be an address such as https://example.org, got 'x'"],
  ["a pattern", z.string().regex(/^a$/), "b", ": does not have the right form, got 'b'"],
  [
    "the form that it comes nearest to",
    z.union([z.strictObject({ upload: z.string() }), z.array(z.string())]),
    { upload: 5 },
    ": upload: must be text, got 5",
  ],
  ["none of the forms", z.union([z.int(), z.boolean()]), "x", ": is not valid, got 'x'"],
  [
    "a name in a record",
    z.record(z.string().max(3), z.string()),
    { long: "x" },
    "long: is a name that is not allowed: at most 3 characters, got 4",
  ],
  [
    "many unknown names",
    z.strictObject({ a: z.string().optional() }),
    { b: 1, c: 1, d: 1, e: 1 },
    ": unknown names 'b', 'c', 'd'; allowed: a",
  ],
  [
    "a name with a typo",
    motionSchema,
    { duration: 1, loop: false, faces: [{ channels: { mouthSmilLeft: { keys: [] } } }] },
    "faces.0.channels: unknown name 'mouthSmilLeft' (did you mean mouthSmileLeft?)",
  ],
  [
    "a name in other words, and one that is like none",
    z.strictObject({ sync_mode: z.string().optional() }),
    { syncMode: "loop", mode: "loop", other: 1 },
    ": unknown names 'syncMode' (did you mean sync_mode?), 'mode' (did you mean sync_mode?), 'other'; allowed: sync_mode",
  ],
  [
    "odd names",
    z.strictObject({}),
    JSON.parse('{"__proto__": 1, "toString": 2}'),
    ": unknown names '__proto__', 'toString'",
  ],
  ["a message of its own", z.string({ error: "Say who." }), 5, ": Say who."],
])("%s", (_name, schema, value, sentence) => {
  expect(sentences(schema, value)).toEqual([sentence]);
});
