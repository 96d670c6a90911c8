import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, COVERS, coveredMouth, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { type Face, findFaces } from "../face/face.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { castOf } from "./cast.ts";

let picture: Picture;
let face: Face;
beforeAll(async () => {
  picture = await decodePicture(GRACE_HOPPER);
  face = (await findFaces(picture))[0]!;
});

/** The one face of the picture, elsewhere, smaller or turned, on a ground four times as large. */
function like(change: { x?: number; y?: number; times?: number; yaw?: number }): Face {
  const { x = face.box.x, y = face.box.y, times = 1, yaw = face.yaw } = change;
  const box = { x, y, width: face.box.width * times, height: face.box.height * times };
  return { ...face, box, eyeDistance: face.eyeDistance * times, yaw };
}

function ground(): Picture {
  const size = { width: 2048, height: 1200 };
  const data = new Uint8Array(size.width * size.height * 3).fill(128);
  for (let row = 0; row < picture.height; row++) {
    const bytes = picture.width * 3;
    data.set(picture.data.subarray(row * bytes, (row + 1) * bytes), row * size.width * 3);
  }
  return { ...picture, ...size, data, fullWidth: size.width, fullHeight: size.height };
}
const all = { size: "source", face: "all" } as const;

async function codeOf(faces: Face[], params: { face: "all" | number; size: "source" | 512 }): Promise<string> {
  return castOf(ground(), faces, { ...all, ...params }).then(
    () => "passed",
    (error) => (hasCode(error, "no_face", "face_not_there", "face_too_small", "face_turned_away") ? error.code : error),
  );
}

describe("all faces", () => {
  test("move, but for those that can't, and a warning says which and why", async () => {
    const faces = [like({}), like({ x: 700, yaw: 60 }), like({ x: 1200, times: 0.6 }), like({ x: 1700, times: 0.1 })];
    const { movers, warnings } = await castOf(ground(), faces, all);
    expect(movers.map(({ index }) => index)).toEqual([0, 2]);
    expect(warnings.map(({ code }) => code)).toEqual(["faces_left_still"]);
    expect(warnings[0]!.detail).toBe(
      "2 of 4 faces stay still (too small: 3; turned too far to the side: 1). Faces are counted from 0, largest first.",
    );
  });

  test("are taken in by a square; what is too far apart stays outside it", async () => {
    const faces = [
      like({ x: 300, y: 300 }),
      like({ x: 900, y: 500, times: 0.9 }),
      like({ x: 1850, y: 300, times: 0.7 }),
    ];
    const { movers, framing, warnings } = await castOf(ground(), faces, { ...all, size: 512 });
    expect(movers.map(({ index }) => index)).toEqual([0, 1]);
    for (const { face } of movers) {
      expect(face.box.x).toBeGreaterThan(framing.crop.x);
      expect(face.box.x + face.box.width).toBeLessThan(framing.crop.x + framing.crop.width);
    }
    expect(warnings[0]!.detail).toContain("outside the square: 2");
  });

  test("of a crowd only the largest move", async () => {
    const crowd = Array.from({ length: 20 }, (_, i) => like({ x: i * 90, times: 0.9 - 0.01 * i }));
    const { movers, warnings } = await castOf(ground(), crowd, all);
    expect(movers).toHaveLength(12);
    expect(warnings[0]!.detail).toMatch(/^8 of 20 faces stay still/);
  });

  test("where none can move, the reason of the largest is told", async () => {
    expect(await codeOf([], all)).toBe("no_face");
    expect(await codeOf([like({ yaw: 58 }), like({ times: 0.1 })], all)).toBe("face_turned_away");
    expect(await codeOf([like({ times: 0.1 })], all)).toBe("face_too_small");
  });

  test("whose heads touch turn less than those with room", async () => {
    const [apart, beside] = await Promise.all(
      [1200, like({}).box.x + face.box.width * 1.1].map((x) => castOf(ground(), [like({}), like({ x })], all)),
    );
    expect(apart!.movers[0]!.ease.head).toBe(1);
    expect(beside!.movers[0]!.ease.head).toBeLessThan(0.6);
  });
});

describe("one face", () => {
  test("moves less, the farther it is turned, until it is refused", async () => {
    const shares = [];
    for (const yaw of [10, -38, 48]) {
      const { movers, warnings } = await castOf(ground(), [like({ yaw })], { ...all, face: 0 });
      shares.push(movers[0]!.ease.all);
      expect(warnings.map(({ code }) => code)).toEqual(yaw === 10 ? [] : ["motion_eased"]);
    }
    expect(shares[0]).toBe(1);
    expect(shares[1]).toBeLessThan(1);
    expect(shares[2]).toBeLessThan(shares[1]!);
    expect(await codeOf([like({ yaw: -57 })], { face: 0, size: 512 })).toBe("face_turned_away");
  });

  test("keeps its eyes still where they can't be seen, or can't be drawn", async () => {
    const { data, info } = await sharp(GRACE_HOPPER).raw().toBuffer({ resolveWithObject: true });
    const lens = (inner: number, outer: number) => {
      const [x, y] = [0, 1].map((k) => (face.points[inner * 3 + k]! + face.points[outer * 3 + k]!) / 2);
      const [width, height] = [Math.round(0.5 * face.eyeDistance), Math.round(0.45 * face.eyeDistance)];
      const create = { width, height, channels: 3 as const, background: "#1b1c20" };
      return { input: { create }, left: Math.round(x! - width / 2), top: Math.round(y! - height / 2) };
    };
    const { width, height } = info;
    const dark = sharp(data, { raw: { width, height, channels: 3 } }).composite([lens(33, 133), lens(263, 362)]);
    const photo = { ...picture, data: Uint8Array.from(await dark.removeAlpha().raw().toBuffer()) };
    const { movers, warnings } = await castOf(photo, await findFaces(photo), { ...all, face: 0 });
    expect(movers[0]!.ease).toMatchObject({ all: 1, eyes: 0 });
    expect(warnings.map(({ code }) => code)).toEqual(["eyes_hidden"]);
    const onSide = await castOf(ground(), [{ ...face, roll: 90 }], { ...all, face: 0 });
    expect(onSide.movers[0]!.ease.eyes).toBe(0);
    expect(onSide.warnings.map(({ code }) => code)).toEqual(["picture_sideways"]);
  });

  test("of photos is clear: nothing is eased", async () => {
    for (const path of [ASTRONAUT, GRACE_HOPPER]) {
      const photo = await decodePicture(path);
      const { movers, warnings } = await castOf(photo, await findFaces(photo), { ...all, face: 0, size: 512 });
      expect(movers[0]!.ease).toEqual({ all: 1, eyes: 1, head: 1, why: undefined });
      expect(warnings.filter(({ code }) => code !== "enlarged")).toEqual([]);
    }
  });
});

describe("what is not seen of a face", () => {
  async function cast(bytes: Buffer) {
    const folder = mkdtempSync(join(tmpdir(), "smileloop-cast-"));
    writeFileSync(join(folder, "picture.jpg"), bytes);
    const shown = await decodePicture(join(folder, "picture.jpg"));
    rmSync(folder, { recursive: true });
    return castOf(shown, await findFaces(shown), { size: 256, face: 0 });
  }

  test.each(COVERS)("behind a %s no mouth is moved, and that is said", async (cover) => {
    const { movers, warnings } = await cast(await coveredMouth(cover));
    expect(movers[0]!.ease.mouth).toBe(0);
    expect(warnings.map(({ code }) => code)).toContain("mouth_hidden");
  });

  test("a mouth beyond the edge of the picture is not moved; a chin beyond it is said", async () => {
    const cut = (height: number) =>
      sharp(GRACE_HOPPER).extract({ left: 0, top: 0, width: 512, height }).jpeg().toBuffer();
    const { movers, warnings } = await cast(await cut(270));
    expect(movers[0]!.ease.mouth).toBe(0);
    expect(warnings.find(({ code }) => code === "face_cut")?.detail).toContain("the mouth does not move");
    const chin = await cast(await cut(300));
    expect(chin.movers[0]!.ease.mouth).toBeUndefined();
    expect(chin.warnings.map(({ code }) => code)).toContain("face_cut");
  });
});
