/** What engines are ordered, and what records say of it. */
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createLog } from "@smileloop/core/log.ts";
import { markOrderSchema, TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kindsWith } from "../../../../test/support/kinds.ts";
import { PRESETS } from "../../../../test/support/presets.ts";
import { MARK_KEYS, marker, unsigned } from "../../../../test/support/signing.ts";
import { createStoreIo } from "../job-io.ts";
import { findMark } from "./find.ts";
import { newMarkKey, readMarkKeys } from "./key.ts";
import { createMarker, type Marking, markingFor } from "./marker.ts";

const log = createLog({ level: "silent" });
const [ONE, OTHER] = ["0".repeat(32), "1".repeat(32)];
const kinds = kindsWith(PRESETS, ["warp"]);

/** A grey picture with the tile of an order all over it. */
function markedLuma(tile: string) {
  const samples = new Int8Array(Buffer.from(tile, "base64"));
  const side = 4 * TILE_SIDE;
  const at = (i: number) => samples[(Math.floor(i / side) % TILE_SIDE) * TILE_SIDE + (i % TILE_SIDE)]!;
  return { width: side, height: side, data: Float32Array.from({ length: side * side }, (_, i) => 120 + at(i) / 16) };
}

describe("the order", () => {
  test("is the same for each attempt of a job, and another for another job", async () => {
    const first = await marker.mark({ id: ONE, label: false });
    expect(markOrderSchema.parse(first.order)).toEqual(first.order);
    expect(await marker.mark({ id: ONE, label: false })).toEqual(first);
    const other = await marker.mark({ id: OTHER, label: false });
    expect(other.watermark.payload).not.toBe(first.watermark.payload);
    expect(other.order.tile).not.toBe(first.order.tile);
  });

  test("is of the newest key, and what an older key has made is found as long as it is kept", async () => {
    const [new_, old, older] = [newMarkKey(), newMarkKey(), newMarkKey()];
    const before = createMarker({ keys: async () => readMarkKeys(`${old}\n${older}\n`), log });
    const { order, watermark } = await before.mark({ id: ONE, label: false });
    const keys = readMarkKeys(`${new_},${old},${older}`);
    const after = await createMarker({ keys: async () => keys, log }).mark({ id: ONE, label: false });
    expect(after.watermark).toMatchObject({ key: keys[0]!.id });
    expect(watermark.key).toBe(keys[1]!.id);
    const { payload } = watermark;
    expect(findMark([markedLuma(order.tile)], keys)).toEqual({ found: true, keyId: keys[1]!.id, payload });
    expect(findMark([markedLuma(order.tile)], [keys[0]!])).toMatchObject({ found: false });
  });

  test("fails where there is no key, and says nothing of why", async () => {
    const keys = () => Promise.reject(new Error("secret"));
    const failed = createMarker({ keys, log }).mark({ id: ONE, label: false });
    await expect(failed).rejects.toMatchObject({ code: "marking_failed", message: "The result could not be marked." });
  });
});

test("keys that cannot be read are told of without being shown", () => {
  expect(() => readMarkKeys("")).toThrow("there is no key in it");
  expect(() => readMarkKeys(`${"5a".repeat(32)},geheim`)).toThrow(
    /^key 2 is not 64 hexadecimal digits: it has 6 characters$/,
  );
});

describe("of the kinds", () => {
  const params = { lip_sync: false };
  test.each([
    ["convert", params, "not_synthetic"],
    ["survey", params, "not_synthetic"],
    ["insert", params, "copied"],
    ["insert", { lip_sync: true }, null],
    ["animate", params, null],
    ["previews", params, null],
    ["talk", params, null],
    ["lipsync", params, null],
    ["process_image", params, null],
    ["process_video", params, null],
  ])("%s with %o has pictures that are unmarked because of %s", async (kind, asked, unmarked) => {
    const { order, pictures } = await markingFor({ marker, kinds }, { id: ONE, kind }, asked);
    if (unmarked !== null) expect([order, pictures]).toEqual([null, { watermark: null, unmarked }]);
    else {
      const watermark = { key: MARK_KEYS[0]!.id, payload: expect.any(Number) };
      expect(pictures).toEqual({ watermark, label: false });
      expect(order?.label).toBe(false);
    }
  });

  test("those whose pictures are marked can have a label, and no others", () => {
    const names = [...kinds.values()].filter(({ labels }) => labels).map(({ name }) => name);
    expect(names.sort()).toEqual(
      ["animate", "insert", "lipsync", "personalize", "previews", "process_image", "process_video", "talk"].sort(),
    );
  });
});

describe("an output", () => {
  let dir: string;
  let path: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "smileloop-marker-"));
    path = join(dir, "file");
    writeFileSync(path, "a file");
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  function store(type: string, marking: Marking | null) {
    const record = { owner: "ann", id: newId(0), attempt: 1, inputs: {} } as unknown as JobRecord;
    const files = memoryFiles({ clock: systemClock, links: createLocalLinks(Buffer.alloc(32)) });
    const { signal } = new AbortController();
    return createStoreIo({ files, record, dir, signal, signing: unsigned, marking }).store("video", path, { type });
  }

  test("says how its picture is marked", async () => {
    const marking = await markingFor({ marker, kinds }, { id: ONE, kind: "talk" }, { label: true });
    expect(marking.order?.label).toBe(true);
    const { watermark } = marking.pictures;
    expect((await store("video/mp4", marking)).mark).toMatchObject({ watermark, label: true });
    expect((await store("image/webp", marking)).mark).toMatchObject({ watermark, label: true });
  });

  test("says nothing of the kind where it has no picture", async () => {
    const marking = await markingFor({ marker, kinds }, { id: ONE, kind: "talk" }, {});
    expect((await store("audio/wav", marking)).mark).not.toHaveProperty("watermark");
    expect((await store("application/json", null)).mark).not.toHaveProperty("watermark");
  });

  test("with a picture that nobody has marked is not stored", async () => {
    const { order, pictures } = await markingFor({ marker, kinds }, { id: ONE, kind: "talk" }, {});
    const refused = { code: "marking_failed" };
    await expect(store("video/mp4", null)).rejects.toMatchObject(refused);
    await expect(store("image/jpeg", { order, pictures: {} })).rejects.toMatchObject(refused);
    await expect(store("image/jpeg", { order, pictures: { watermark: null } })).rejects.toMatchObject(refused);
    await expect(store("image/jpeg", { order: null, pictures })).rejects.toMatchObject(refused);
  });
});
