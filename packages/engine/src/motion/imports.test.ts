/** Files of other programs: Live Link Face's CSV, MediaPipe's results, Motions of our own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { motionSchema, type Track } from "@smileloop/core/motion/motion.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Extracted, extractFile } from "../services/extract.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "imports-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function read(content: string | object, seconds = 10): Promise<Extracted> {
  const path = join(dir, "driving");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  const context = { signal: new AbortController().signal, progress: () => {} };
  return extractFile(path, seconds, context);
}

const samplesOf = ({ motion }: Extracted, channel: string): number[] => {
  const track = (motion.faces[0]!.channels as Record<string, Track>)[channel];
  return track && "samples" in track ? track.samples : [];
};
const peak = (values: number[]) => values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
/** Comes and goes once within `n` values. */
const hump = (n: number, size = 1) =>
  Array.from({ length: n }, (_, i) => (size * (1 - Math.cos((2 * Math.PI * i) / n))) / 2);

describe("Live Link Face", () => {
  const NAMES = ["EyeBlinkLeft", "EyeLookOutLeft", "EyeLookInLeft", "JawOpen", "MouthSmileLeft", "MouthSmileRight"];
  const HEAD = ["HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"];
  type Row = Record<string, number>;
  const csv = (rows: Row[], columns = [...NAMES, ...HEAD]) => {
    const code = (i: number) =>
      `14:03:${String(52 + Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}.207`;
    const lines = rows.map((row, i) => [code(i), 61, ...columns.map((name) => row[name] ?? 0)].join(","));
    return [`Timecode,BlendShapeCount,${columns}`, ...lines, ""].join("\r\n");
  };

  test("gives its curves, its turns in degrees, and its time", async () => {
    const rows = hump(120).map((x) => ({ JawOpen: 0.8 * x, MouthSmileLeft: 0.05 + 0.5 * x, HeadPitch: 0.2 * x }));
    const result = await read(csv(rows));
    expect(result.source).toMatchObject({ kind: "livelink", frames: 120, fps: 60, seconds: 2 });
    expect(result.warnings).toEqual([]);
    expect(motionSchema.parse(result.motion).loop).toBe(false);
    expect(peak(samplesOf(result, "jawOpen"))).toBeCloseTo(0.8, 1);
    // what it begins with is rest
    expect(samplesOf(result, "mouthSmileLeft")[0]).toBe(0);
    expect(peak(samplesOf(result, "mouthSmileLeft"))).toBeCloseTo(0.53, 1);
    expect(peak(samplesOf(result, "headPitch"))).toBeCloseTo(0.2 * (180 / Math.PI), 0);
    expect(samplesOf(result, "mouthSmileRight")).toEqual([]);
  });

  test("a head turns to the side that the file's own eyes tell, and as the app writes it where they don't", async () => {
    const rows = hump(90).map((x) => ({ HeadYaw: 0.15 * x, EyeLookOutLeft: x, LeftEyeYaw: 0.3 * x }));
    expect(peak(samplesOf(await read(csv(rows)), "headYaw"))).toBeGreaterThan(7);
    const turned = rows.map((row) => ({ ...row, LeftEyeYaw: -row.LeftEyeYaw }));
    expect(peak(samplesOf(await read(csv(turned)), "headYaw"))).toBeLessThan(-7);
    const silent = rows.map(({ HeadYaw }) => ({ HeadYaw }));
    expect(peak(samplesOf(await read(csv(silent)), "headYaw"))).toBeLessThan(-7);
  });

  test("a long take without the columns of the eyes is read at once", async () => {
    const columns = ["JawOpen", "MouthSmileLeft", "MouthSmileRight", "EyeBlinkLeft", "EyeBlinkRight"];
    const result = await read(csv(Array(60_000).fill({ JawOpen: 0.5 }), columns));
    expect(result.source).toMatchObject({ kind: "livelink" });
  });

  test("what is too long is cut, with a warning", async () => {
    const result = await read(csv(hump(240).map((x) => ({ JawOpen: x }))), 2);
    expect(result.motion.duration).toBe(2);
    expect(result.warnings).toMatchObject([{ code: "driving_cut" }]);
  });

  const good = csv(hump(60).map((x) => ({ JawOpen: x })));
  test.each<[what: string, text: string, is: RegExp]>([
    [
      "a row that is cut off",
      good.split("\r\n").slice(0, 9).join("\n").slice(0, -12),
      /line 9 has \d+ values where there are 14/,
    ],
    [
      "a cell that is no number",
      good.replace("14:03:52:05.207,61,0", "14:03:52:05.207,61,x"),
      /line 7, column eyeblinkleft: "x"/,
    ],
    ["a timecode that is none", good.replace("14:03:52:05.207", "now"), /line 7: "now" is not a timecode/],
    ["columns of something else", "Timecode,Temperature\n00:00:00:00.0,21\n", /no columns EyeBlinkLeft, JawOpen/],
    ["no rows", good.split("\r\n")[0]!, /no line after the names/],
    ["hardly any rows", good.split("\r\n").slice(0, 5).join("\n"), /4 frames, .* half a second/],
    ["another table", "name,age\nAda,36\n", /neither a video, nor a CSV of Live Link Face/],
  ])("%s is told where the fault lies", async (_, text, is) => {
    await expect(read(text)).rejects.toMatchObject({ code: "input_unreadable", message: expect.stringMatching(is) });
  });
});

describe("MediaPipe", () => {
  const categories = (scores: Record<string, number>) =>
    Object.entries({ _neutral: 0.001, ...scores }).map(([categoryName, score], index) => ({
      index,
      score,
      categoryName,
      displayName: "",
    }));
  /** Turned to its left by `yaw` radians, column by column. */
  const matrix = (yaw: number, x = 0) => ({
    rows: 4,
    columns: 4,
    data: [Math.cos(yaw), 0, -Math.sin(yaw), 0, 0, 1, 0, 0, Math.sin(yaw), 0, Math.cos(yaw), 0, x, 0, -40, 1],
  });
  const frames = hump(60).map((x, i) => ({
    faceLandmarks: [[]],
    faceBlendshapes: [{ categories: categories({ jawOpen: 0.6 * x, eyeBlinkLeft: 0.1 }) }],
    facialTransformationMatrixes: [matrix(0.2 * x, 0.889 * x)],
    timestampMs: 1000 + i * 33.3333,
  }));
  const moves = (result: Extracted) => {
    expect(peak(samplesOf(result, "jawOpen"))).toBeCloseTo(0.6, 1);
    expect(peak(samplesOf(result, "headYaw"))).toBeCloseTo(0.2 * (180 / Math.PI), 0);
    expect(peak(samplesOf(result, "headX"))).toBeCloseTo(0.1, 2);
    expect(samplesOf(result, "eyeBlinkLeft")).toEqual([]);
    expect(result.source).toMatchObject({ kind: "mediapipe", frames: 60, seconds: 2 });
  };

  test("results as JavaScript saves them, in a list or within an object", async () => {
    moves(await read(frames));
    moves(await read({ version: 1, frames }));
    moves(await read({ fps: 30, results: frames.map(({ timestampMs: _, ...frame }) => frame) }));
  });

  test("results as Python saves them, and plain maps of scores", async () => {
    const rows = (m: ReturnType<typeof matrix>) => [0, 1, 2, 3].map((r) => [0, 1, 2, 3].map((c) => m.data[c * 4 + r]!));
    const python = frames.map((frame) => ({
      face_blendshapes: [
        frame.faceBlendshapes[0]!.categories.map(({ categoryName, score }) => ({ category_name: categoryName, score })),
      ],
      facial_transformation_matrixes: [rows(frame.facialTransformationMatrixes[0]!)],
      timestamp_ms: frame.timestampMs,
    }));
    moves(await read(python));
    const maps = frames.map(({ faceBlendshapes, facialTransformationMatrixes, timestampMs }) => ({
      blendshapes: Object.fromEntries(
        faceBlendshapes[0]!.categories.map(({ categoryName, score }) => [categoryName, score]),
      ),
      facialTransformationMatrixes,
      time: timestampMs / 1000,
    }));
    moves(await read({ frames: maps }));
  });

  test("frames without a face are bridged; without any there is none", async () => {
    const empty = { faceBlendshapes: [], facialTransformationMatrixes: [], timestampMs: 0 };
    const gaps = frames.map((frame, i) => (i % 7 === 3 ? { ...empty, timestampMs: frame.timestampMs } : frame));
    moves(await read(gaps));
    await expect(read(frames.map(() => empty))).rejects.toMatchObject({ code: "no_face" });
  });

  test.each<[what: string, value: unknown, is: RegExp]>([
    ["an empty list", [], /list of frames is empty/],
    ["landmarks only", frames.map(({ faceLandmarks }) => ({ faceLandmarks })), /frame 0 has no faceBlendshapes/],
    [
      "a score that is none",
      frames.map((frame, i) =>
        i === 4 ? { faceBlendshapes: [{ categories: [{ categoryName: "jawOpen" }] }] } : frame,
      ),
      /frame 4: .*"jawOpen" has no score/,
    ],
    [
      "other names",
      [{ blendshapes: { mouth: 1 } }, { blendshapes: { mouth: 1 } }],
      /frame 0 names no ARKit blendshape/,
    ],
    ["numbers", [1, 2], /frame 0 is not an object/],
    ["JSON of another shape", { hello: "world" }, /neither a Motion .* nor a list of MediaPipe/],
    ["half a file", '{"frames": [{', /not complete JSON/],
  ])("%s is told what is missing", async (_, value, is) => {
    await expect(read(value as object)).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringMatching(is),
    });
  });
});

describe("our own", () => {
  const jaw = { fps: 25, samples: hump(50, 0.5) };
  const motion = {
    duration: 2,
    loop: false,
    faces: [{ channels: { jawOpen: jaw } }],
    native: { liveportrait: { n: 1 } },
  };

  test("a Motion comes back as it is, with what engines keep in it", async () => {
    const result = await read(motion);
    expect(
      samplesOf(result, "jawOpen")
        .slice(0, 50)
        .map((value, i) => Math.abs(value - jaw.samples[i]!) < 0.01),
    ).not.toContain(false);
    expect(result).toMatchObject({ source: { kind: "motion", seconds: 2 }, motion: { native: motion.native } });
  });

  test("a Motion that is not right is told which field", async () => {
    await expect(read({ ...motion, faces: [{ channels: { grin: jaw } }] })).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringMatching(/faces\.0\.channels/),
    });
  });
});

test("an empty file is told so", async () => {
  await expect(read("")).rejects.toMatchObject({ code: "empty_file" });
});
