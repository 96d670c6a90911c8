import { expect, test } from "vitest";
import { kindsWith } from "../../../../test/support/kinds.ts";
import { fieldErrors } from "../errors/fields.ts";
import { presetSchema } from "../motion/preset.ts";

const nod = presetSchema.parse({
  name: "nod",
  title: "Nod",
  description: "A nod.",
  duration: 2,
  fps: 25,
  loop: true,
  channels: {},
});
const presets = new Map([
  ["wink", { ...nod, name: "wink" }],
  ["nod", nod],
]);
const animate = kindsWith(presets, ["warp"]).get("animate")!;
const faults = (params: unknown) => {
  const { error } = animate.params.safeParse(params);
  return error ? fieldErrors(error, ["body", "params"]) : [];
};

test("only a preset is needed", () => {
  expect(animate.params.parse({ preset: "nod" })).toEqual({
    preset: "nod",
    size: "source",
    fps: 25,
    intensity: 1,
    format: "mp4",
    face: 0,
  });
  expect(animate.slots.image).toMatchObject({ media: ["image"], files: { min: 1, max: 1 } });
});

test("a seed that is not given is drawn from the job's id", () => {
  expect(animate.resolveParams({ preset: "nod" }, `${"0".repeat(24)}0000ffff`)).toEqual({ preset: "nod", seed: 65535 });
  expect(animate.resolveParams({ preset: "nod", seed: 0 }, "f".repeat(32))).toEqual({ preset: "nod", seed: 0 });
});

test("long work goes to a queue of its own where there is one", () => {
  const { queueOf, queues } = kindsWith(presets, ["warp", "liveportrait"], ["warp", "warp-long", "liveportrait"]).get(
    "animate",
  )!;
  expect([queueOf("warp", 120), queueOf("warp", 121), queueOf("liveportrait", 500)]).toEqual([
    ...["warp", "warp-long", "liveportrait"],
  ]);
  expect(queues).toEqual(["warp", "warp-long", "liveportrait"]);
  expect([animate.queueOf("warp", 500), animate.queues]).toEqual(["warp", ["warp"]]);
});

test("an unknown preset is answered with the names there are", () => {
  const [unknown] = faults({ preset: "x".repeat(100) });
  expect(unknown).toMatchObject({ loc: ["body", "params", "preset"] });
  expect(unknown!.msg).toBe(`Unknown preset '${"x".repeat(59)}…'. Choose from: nod, wink`);
  const [near] = faults({ preset: "Winking" });
  expect(near!.msg).toBe("Unknown preset 'Winking'. Did you mean wink? Choose from: nod, wink");
});

test("either a preset or a driving clip is needed, not both", () => {
  expect(animate.conflicts({ preset: "nod" }, ["image"])).toEqual([]);
  expect(animate.conflicts({}, ["image", "driving"])).toEqual([]);
  expect(animate.conflicts({}, ["image"])).toMatchObject([
    { loc: ["params", "preset"], msg: expect.stringMatching(/^A preset is needed, or .*Choose from: nod, wink$/) },
  ]);
  expect(animate.conflicts({ preset: "nod" }, ["image", "driving"])).toMatchObject([{ loc: ["inputs", "driving"] }]);
});

test.each<[string, unknown[], unknown[]]>([
  ["fps", [10, 60], [9, 61, 25.5, "25"]],
  ["duration", [1, 10], [0.9, 10.1, Number.NaN]],
  ["intensity", [0, 1.5], [-0.1, 1.6]],
  ["face", [0, 99], [-1, 100, 0.5]],
  ["seed", [0, 0xffffffff], [-1, 2 ** 32]],
  ["size", ["source", 256, 512, 720, 1024], [0, 300, "512", "large"]],
  ["engine", ["warp", "liveportrait"], ["magic", ""]],
])("limits of %s", (name, good, bad) => {
  for (const value of good) expect(faults({ preset: "nod", [name]: value })).toEqual([]);
  for (const value of bad) expect(faults({ preset: "nod", [name]: value })[0]!.loc).toEqual(["body", "params", name]);
});

test("one face or all of them, not both", () => {
  expect(animate.params.parse({ preset: "nod", faces: "all" })).not.toHaveProperty("face");
  expect(animate.params.parse(animate.params.parse({ preset: "nod", faces: "all" }))).toMatchObject({ faces: "all" });
  expect(animate.params.parse(animate.params.parse({ preset: "nod" }))).toMatchObject({ face: 0 });
  for (const wrong of [{ faces: "all", face: 0 }, { faces: "two" }, { faces: true }]) {
    expect(faults({ preset: "nod", ...wrong })[0]!.loc).toEqual(["body", "params", "faces"]);
  }
});

test("unknown params are refused", () => {
  expect(faults({ preset: "nod", speed: 2 })).toHaveLength(1);
});

test("more work is expected to take longer", () => {
  const seconds = (params: object) => animate.estimateSeconds(animate.params.parse({ preset: "nod", ...params }), {});
  expect(seconds({})).toBeGreaterThan(0);
  expect(seconds({})).toBe(seconds({ duration: 2 }));
  expect(seconds({ duration: 10 })).toBeGreaterThan(seconds({ duration: 5 }));
  expect(seconds({ fps: 60 })).toBeGreaterThan(seconds({ fps: 25 }));
  const driven = (clipSeconds?: number) => {
    const driving = { type: "video/mp4", bytes: 1, ...(clipSeconds === undefined ? {} : { seconds: clipSeconds }) };
    return animate.estimateSeconds(animate.params.parse({}), { driving: [driving] });
  };
  expect(driven()).toBeGreaterThan(seconds({}));
  expect(driven(9)).toBeGreaterThan(driven(3));
  expect(driven(1000)).toBe(driven(10));
  expect(seconds({ size: 1024 })).toBeGreaterThan(seconds({ size: 512 }));
});

test("a format is one of the list, and a GIF is not larger than it should be", () => {
  expect(animate.outputs).toEqual(["video", "poster", "preview"]);
  expect(faults({ preset: "nod", format: "avi" })).toMatchObject([
    { loc: ["body", "params", "format"], msg: "must be one of mp4, gif, webp, webm, got 'avi'" },
  ]);
  const conflicts = (params: object) => animate.conflicts({ preset: "nod", ...params }, ["image"]);
  for (const format of [undefined, "mp4", "webp", "avi", 7]) expect(conflicts({ format, size: 1024 })).toEqual([]);
  for (const size of ["source", 512, "1024"]) expect(conflicts({ format: "gif", size })).toEqual([]);
  const msg = "a GIF has at most 640 pixels a side, got 720. Choose from: source, 256, 512, or take another format";
  expect(conflicts({ format: "gif", size: 720 })).toMatchObject([{ loc: ["params", "size"], msg }]);
});
