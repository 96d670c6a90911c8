import { expect, test } from "vitest";
import type { ReadMover } from "../cast/read-cast.ts";
import { kindsOf } from "./subject.ts";

const [BLURRED, SHARP] = [0.01, 0.2];

function mover(turned: { yaw?: number; pitch?: number }, head = 1): ReadMover {
  const face = { points: new Float32Array(478 * 3), eyeDistance: 60, yaw: 0, pitch: 0, roll: 0, ...turned };
  return { face, ease: { all: 1, eyes: 1, head } } as ReadMover;
}

test("of a face that looks ahead all is sure", () => {
  const { sure, unsure } = kindsOf(mover({}), SHARP);
  expect(sure).toEqual(
    expect.arrayContaining(["pitch", "yaw", "roll", "x", "y", "growth", "lids", "wink", "smile", "jaw"]),
  );
  expect(unsure).toEqual([]);
});

test.each([-34, 34])(
  "of a face that is turned by %i degrees the nod is unsure, and nothing is told of the mouth",
  (yaw) => {
    const { sure, unsure } = kindsOf(mover({ yaw }), SHARP);
    expect(unsure).toEqual(["pitch"]);
    expect(sure).toEqual(expect.arrayContaining(["yaw", "roll", "lids"]));
    for (const kind of ["pitch", "smile", "lips", "pucker", "jaw"] as const) expect(sure).not.toContain(kind);
  },
);

test("nothing is demanded of lips that are open already", () => {
  const open = mover({});
  open.face.points[14 * 3 + 1] = 3;
  expect(kindsOf(open, SHARP).sure).toEqual(expect.arrayContaining(["smile", "pucker"]));
  for (const kind of ["lips", "jaw"] as const) expect(kindsOf(open, SHARP).sure).not.toContain(kind);
});

test("of a blurred face the head alone can be told, and that not beside another", () => {
  expect(kindsOf(mover({}), BLURRED).sure.toSorted()).toEqual(["growth", "pitch", "roll", "x", "y", "yaw"]);
  expect(kindsOf(mover({ yaw: 34 }, 0.5), BLURRED)).toEqual({ sure: [], unsure: [] });
  expect(kindsOf(mover({}, 0.5), SHARP).sure).not.toContain("x");
});
