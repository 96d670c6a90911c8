import { createHash } from "node:crypto";
import { TILE_SIDE, TILE_UNIT } from "@smileloop/core/marking/mark.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { describe, expect, it } from "vitest";
import { findMark } from "./find.ts";
import type { MarkKey } from "./key.ts";
import { makeTile } from "./tile.ts";

const keyOf = (id: string): MarkKey => ({ id, secret: Buffer.alloc(32, id) });
const [OURS, OLDER, OTHER] = ["ours", "older", "other"].map(keyOf) as [MarkKey, MarkKey, MarkKey];
const PAYLOAD = 0xdeadbeef;
const OFFSET = { x: 37, y: 90 };

type View = { width: number; height: number; scale?: number; mirrored?: boolean; left?: number; top?: number };

/** Noise that varies by 4 levels, with a mark of half a level. `scale`: how many times larger the tile is. */
function marked(tiles: readonly Int8Array[], { width, height, scale = 1, mirrored = false, left = 0, top = 0 }: View) {
  const random = randomFrom(5);
  const data = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const u = Math.floor((left + (mirrored ? width - 1 - x : x)) / scale) % TILE_SIDE;
    const v = Math.floor((top + y) / scale) % TILE_SIDE;
    const added = tiles.reduce((sum, tile) => sum + tile[v * TILE_SIDE + u]! / TILE_UNIT / 2, 0);
    return 120 + 14 * (random() - 0.5) + added;
  });
  return { width, height, data };
}

describe("makeTile", () => {
  it("has one standard deviation in `TILE_UNIT`, and no light of its own", () => {
    const tile = makeTile(OURS, PAYLOAD, OFFSET);
    expect(tile).toHaveLength(TILE_SIDE * TILE_SIDE);
    const mean = tile.reduce((sum, value) => sum + value, 0) / tile.length;
    const power = tile.reduce((sum, value) => sum + value * value, 0) / tile.length;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.sqrt(power)).toBeCloseTo(TILE_UNIT, 0);
  });

  it("stays the same, so that files of years ago are found", () => {
    const sha = createHash("sha256")
      .update(makeTile(OURS, PAYLOAD, OFFSET))
      .digest("hex");
    expect(sha).toMatchInlineSnapshot(`"a9e002ad43c831485ada7e082c02ff6382e3b24ec7580b6496e5353a6973db34"`);
  });
});

describe("findMark", () => {
  const tile = makeTile(OURS, PAYLOAD, OFFSET);
  const found = { found: true, keyId: "ours", payload: PAYLOAD };

  it.each<[string, View]>([
    ["a whole picture", { width: 512, height: 384 }],
    ["a mirrored one", { width: 384, height: 512, mirrored: true }],
    ["a part of it, at another size", { width: 460, height: 460, scale: 1.25, left: 61, top: 17 }],
    ["one with bars that make its longer side longer", { width: 300, height: 512, scale: 0.586 }],
  ])("reads the payload of %s", (_, view) => {
    expect(findMark([marked([tile], view)], [OLDER, OURS])).toEqual(found);
  });

  it("looks at the means of all parts", () => {
    const view = { width: 512, height: 384 };
    expect(findMark([marked([], view), marked([tile], view)], [OURS])).toEqual(found);
  });

  it("reads one of two marks where a marked picture was marked again", () => {
    const again = makeTile(OURS, 7, { x: 101, y: 12 });
    const { payload } = findMark([marked([tile, again], { width: 512, height: 512 })], [OURS]);
    expect([PAYLOAD, 7]).toContain(payload);
  });

  it("finds none with another key, in noise, in flat and in tiny pictures", () => {
    expect(findMark([marked([tile], { width: 512, height: 384 })], [OTHER])).toEqual({ found: false });
    expect(findMark([marked([], { width: 512, height: 384 })], [OURS])).toEqual({ found: false });
    expect(findMark([{ width: 64, height: 64, data: new Float32Array(64 * 64).fill(90) }], [OURS])).toEqual({
      found: false,
    });
    expect(findMark([{ width: 1, height: 1, data: Float32Array.of(3) }], [OURS])).toEqual({ found: false });
    expect(findMark([], [OURS])).toEqual({ found: false });
    expect(findMark([marked([tile], { width: 64, height: 64 })], [])).toEqual({ found: false });
  });
});
