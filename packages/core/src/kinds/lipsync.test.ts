import { expect, test } from "vitest";
import { fieldErrors } from "../errors/fields.ts";
import { createKinds } from "./index.ts";

const kinds = createKinds({
  presets: new Map(),
  engines: { known: [{ name: "warp", kinds: ["lipsync"] }], serve: new Map([["lipsync", ["warp"]]]) },
  queues: new Set(["warp", "warp-long"]),
});
const lipsync = kinds.get("lipsync")!;
const faults = (params: unknown) => {
  const { error } = lipsync.params.safeParse(params);
  return error ? fieldErrors(error, ["params"]).map(({ loc, msg }) => `${loc.join(".")} ${msg}`) : [];
};

test("a text, or a sound, is all that is needed besides the video", () => {
  expect(lipsync.params.parse({ text: " Hello " })).toEqual({
    ...{ text: "Hello", sync_mode: "cut_off", original_sound: "replace", intensity: 1, format: "mp4" },
  });
  expect(lipsync.conflicts({}, ["video", "audio"])).toEqual([]);
  expect(lipsync.conflicts({}, ["video"])).toMatchObject([{ loc: ["params", "text"] }]);
  expect(lipsync.conflicts({ voice: "rms" }, ["video", "audio"])).toMatchObject([{ loc: ["params", "voice"] }]);
});

test("the video is at most full HD, lying or standing, and as long as videos may be", () => {
  expect(lipsync.slots.video).toMatchObject({ files: { min: 1, max: 1 }, maxSide: 1920, maxSeconds: 300 });
  expect(lipsync.slots.video!.maxPixels).toBeGreaterThanOrEqual(1080 * 1920);
});

test("a fault names what there is", () => {
  expect(faults({ text: "a", sync_mode: "stretch" })[0]).toMatch(/^params.sync_mode .*cut_off.*bounce/);
  expect(faults({ text: "a", original_sound: "keep" })[0]).toMatch(/^params.original_sound .*replace.*duck/);
  expect(faults({ text: "a", format: "gif" })[0]).toMatch(/a GIF has no sound/);
});

test("one face by its number, or the one that speaks", () => {
  expect(lipsync.params.parse({ text: "a", faces: "speaking" })).toMatchObject({ faces: "speaking" });
  expect(faults({ text: "a", faces: "speaking", face: 1 })[0]).toMatch(/^params.faces .*not both/);
  expect(faults({ text: "a", faces: "all" })[0]).toMatch(/^params.faces must be 'speaking'/);
});

test("long and large videos are more work, and go to the long queue", () => {
  const seconds = (video: object) =>
    lipsync.estimateSeconds({}, { video: [{ type: "video/mp4", bytes: 1, ...video }] });
  const hd = { width: 1280, height: 720 };
  expect(seconds({ seconds: 10, ...hd })).toBeGreaterThan(10);
  expect(seconds({ seconds: 10, width: 1920, height: 1080 })).toBeGreaterThan(seconds({ seconds: 10, ...hd }));
  expect(lipsync.queueOf("warp", seconds({ seconds: 10, ...hd }))).toBe("warp");
  expect(lipsync.queueOf("warp", seconds({ seconds: 200, ...hd }))).toBe("warp-long");
});
