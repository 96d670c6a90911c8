import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { addBlock, blockList, removeBlock } from "@smileloop/core/blocked/block-list.ts";
import { LIKE_BITS, type Prints } from "@smileloop/core/blocked/prints.ts";
import type { PrintRequest } from "@smileloop/core/engine/print-service.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { afterAll, expect, test } from "vitest";
import { memoryStore } from "../../../test/support/memory-store.ts";
import type { JobIo, LocalFile } from "./job-io.ts";
import { unblockedIo } from "./unblocked-io.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-unblocked-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const slots = { image: {}, audio: {} } as unknown as Record<string, Slot>;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const fileOf = (name: string, type = "image/jpeg"): LocalFile => {
  const path = join(dir, name);
  writeFileSync(path, name);
  return { path, type, bytes: name.length };
};
/** A print that is `bits` away from that of all zeros. */
const printOf = (bits: number) => ((1n << BigInt(bits)) - 1n).toString(16).padStart(64, "0");
const printed = (of: Prints["of"], bits: number): Prints => ({ of, prints: Array(8).fill(printOf(bits)) });

/** Pictures are called by how far their prints are from what is blocked: `whole-12`, `face-40`. */
function open(store = memoryStore()) {
  const blocked = blockList(store.files, store.clock);
  const asked: string[] = [];
  const hits: string[] = [];
  const request = async ({ inputs }: PrintRequest) => {
    const names = inputs.files.map(({ path }) => basename(path, ".jpg"));
    asked.push(...names);
    return {
      timings: {},
      files: names.map((name) => {
        const [of, bits] = name.split("-") as [Prints["of"], string];
        return of === "whole" || of === "face" ? [printed(of, Number(bits))] : [];
      }),
    };
  };
  const look = (files: Record<string, LocalFile[]>) => {
    const io = {
      ...{ signal: new AbortController().signal, checker: { request } },
      input: async (slot: string) => files[slot] ?? [],
      timed: async (_: string, work: () => Promise<unknown>) => work(),
      options: () => ({ timeoutMs: 1000 }),
    } as unknown as JobIo;
    return unblockedIo(io, { slots, blocked, onHit: async (id) => void hits.push(id) });
  };
  return { store, look, asked, hits };
}

test("where nothing is blocked nothing is looked at", async () => {
  const { look, asked } = open();
  await look({ image: [fileOf("whole-0.jpg")] });
  expect(asked).toEqual([]);
});

test.each([
  ["whole", LIKE_BITS.whole, true],
  ["whole", LIKE_BITS.whole + 1, false],
  ["face", LIKE_BITS.face, true],
  ["face", LIKE_BITS.face + 1, false],
] as const)("a print (%s) that is %d bits away: refused %s", async (of, bits, refused) => {
  const { store, look, hits } = open();
  const block = await addBlock(store.files, store.clock.now(), { sha256: [], prints: [printed(of, 0)] });
  const looking = look({ image: [fileOf("other.jpg"), fileOf(`${of}-${bits}.jpg`)] });
  if (!refused) return expect(await (await looking).input("image")).toHaveLength(2);
  await expect(looking).rejects.toMatchObject({
    code: "content_refused",
    input: "image",
    message: expect.not.stringMatching(/\d|block/),
  });
  expect(hits).toEqual([block!.id]);
});

test("a face is held against faces alone", async () => {
  const { store, look } = open();
  await addBlock(store.files, store.clock.now(), { sha256: [], prints: [printed("whole", 0)] });
  await look({ image: [fileOf("face-0.jpg")] });
});

test("the very file is known by its hash; sounds are not looked at; an entry that was removed is forgotten within half a minute", async () => {
  const { store, look, asked } = open();
  const block = await addBlock(store.files, store.clock.now(), { sha256: [sha256("clip.mp4")], prints: [] });
  const files = { image: [fileOf("clip.mp4", "video/mp4")], audio: [fileOf("voice.wav", "audio/wav")] };
  await expect(look(files)).rejects.toMatchObject({ code: "content_refused" });
  expect(asked).toEqual(["clip.mp4"]);
  await removeBlock(store.files, block!.id);
  await store.clock.advance(30_000);
  expect(await (await look(files)).input("image")).toEqual(files.image);
});
