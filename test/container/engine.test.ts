/** What the Python engine has in common with this side, as far as it needs nothing but Python itself. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CLIP_SIZES } from "@smileloop/core/kinds/animate.ts";
import { framing } from "@smileloop/engine/cast/framing.ts";
import { describe, expect, test } from "vitest";
import { PYTHON } from "../support/python.ts";

const CONTAINER = fileURLToPath(new URL("../../gpu-container", import.meta.url));
const python = (args: string[], input = "") =>
  spawnSync(PYTHON!, ["-B", ...args], { cwd: CONTAINER, input, encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });

describe.skipIf(PYTHON === null)("the Python engine", () => {
  test("takes the same requests, channels and codes, and keeps its stdout clean", () => {
    const { status, stderr } = python(["-m", "unittest", "tests.test_requests"]);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Ran [5-9] tests/m);
  });

  test("frames a picture as the built-in engine and the check do", () => {
    const asked = PICTURES.flatMap(([width, height]) =>
      CLIP_SIZES.flatMap((size) => FACES.map((faces) => ({ width, height, size, faces: faces(width, height) }))),
    );
    const code = `
import json, sys
from liveportrait.framing import framing
for one in json.load(sys.stdin):
    f = framing(one["width"], one["height"], [tuple(face) for face in one["faces"]], one["size"])
    print(json.dumps([f.x, f.y, f.crop_width, f.crop_height, f.width, f.height, f.enlarged]))
`;
    const { stdout, stderr } = python(["-c", code], JSON.stringify(asked));
    const theirs = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(theirs, stderr).toHaveLength(asked.length);
    asked.forEach(({ width, height, size, faces }, nth) => {
      const boxes = faces.map(([x, y, w, h]) => ({ box: { x: x!, y: y!, width: w!, height: h! } }));
      const ours = framing(width, height, boxes, size);
      const { crop } = ours;
      const numbers = [crop.x, crop.y, crop.width, crop.height, ours.width, ours.height, ours.enlarged];
      expect(theirs[nth], JSON.stringify(asked[nth])).toEqual(numbers);
    });
  });
});

const PICTURES: [number, number][] = [
  [512, 600],
  [4032, 3024],
  [333, 257],
  [1281, 777],
  [200, 1999],
  [64, 64],
];
/** Boxes by the picture's size: one in the middle, one at an edge, two near and two far apart. */
const FACES: ((width: number, height: number) => number[][])[] = [
  (w, h) => [[w * 0.3, h * 0.2, w * 0.31, h * 0.4]],
  (w, h) => [[0, h * 0.7, w * 0.125, h * 0.15]],
  (w, h) => [
    [w * 0.3, h * 0.3, w * 0.2, h * 0.25],
    [w * 0.55, h * 0.3, w * 0.15, h * 0.2],
  ],
  (w, h) => [
    [w * 0.05, h * 0.1, w * 0.1, h * 0.1],
    [w * 0.9, h * 0.85, w * 0.05, h * 0.1],
  ],
];
