/** Signatures of files as jobs make them: what they say, whom they count for, and what happens to them when a file is changed. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@smileloop/core/log.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stubVideo } from "../../../../test/support/stub-video.ts";
import { openC2pa } from "./c2pa.ts";
import { rawSignature } from "./cose.ts";
import { readFormerKeys, readSignatory, type Signatory, signatoryOf } from "./key.ts";
import { makeChain } from "./make-chain.ts";
import { createSigner, type ToSign } from "./signer.ts";
import { findSignature } from "./verdict.ts";

const { signal } = new AbortController();
const c2pa = openC2pa({ maxMemoryBytes: 512 * 2 ** 20 });
const log = createLog({ level: "silent" });
const signatoryNamed = (name?: string): Signatory => {
  const { key, chain } = makeChain(Date.now(), name);
  return readSignatory(key, chain);
};
const ours = signatoryNamed();
const FACTS = {
  making: { action: "created" },
  source: "compositeWithTrainedAlgorithmicMedia",
  agent: { name: "warp", version: "9" },
  inputs: [],
  watermark: null,
  signal,
} as const;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-signing-"));
});
afterAll(async () => {
  await c2pa.close();
  rmSync(dir, { recursive: true, force: true });
});

const fileOf = (name: string, bytes: Uint8Array) => {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
};
const videoFile = (name: string) => fileOf(name, stubVideo({ frames: 25 }));
const signerOf = (signatory: () => Promise<Signatory>) => createSigner({ c2pa, signatory, version: "1.2.3", log });
const sign = (path: string, type: string, facts: Partial<ToSign> = {}, by = ours) =>
  signerOf(async () => by).sign({ ...FACTS, ...facts, path, type });
const verdict = (path: string, type = "video/mp4", trusted: readonly Signatory[] = [ours]) =>
  findSignature(c2pa, trusted, { path, type, signal });
async function manifestOf(path: string, type = "video/mp4") {
  const store = JSON.parse(await c2pa.read({ path, type, anchors: ours.anchors }, signal));
  return { store, active: store.manifests[store.active_manifest] };
}

test("a file says that a machine has made it, with which engine, and nothing of who asked for it", async () => {
  const path = videoFile("made.mp4");
  const inputs = [{ slot: "image", type: "image/jpeg", path: null }];
  const watermark = { key: "k1", payload: 0xbeef };
  const signed = (await sign(path, "video/mp4", { inputs, watermark }))!;
  const { store, active } = await manifestOf(signed.path);
  expect(store.validation_state).toBe("Trusted");
  expect(store.active_manifest).toBe(signed.c2pa.instance);
  expect(signed.c2pa.leaf).toBe(ours.leaf);
  expect(signed.bytes).toBe(readFileSync(signed.path).byteLength);
  const assertion = (label: string) => active.assertions.find((each: { label: string }) => each.label === label).data;
  expect(assertion("c2pa.actions.v2").actions).toEqual([
    {
      action: "c2pa.created",
      digitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
      softwareAgent: { name: "warp", version: "9" },
    },
    { action: "c2pa.watermarked.bound" },
  ]);
  expect(assertion("c2pa.soft-binding").blocks).toEqual([{ scope: {}, value: "0000beef" }]);
  expect(active.ingredients).toEqual([{ format: "image/jpeg", label: "c2pa.ingredient.v3", relationship: "inputTo" }]);
  // the name of the file, its folder, thumbnails
  expect(JSON.stringify(store)).not.toMatch(/made|smileloop-signing|thumbnail|title/);
});

test("an edited video is opened and edited, a converted one only transcoded", async () => {
  const actions = async (action: "edited" | "transcoded") => {
    const path = videoFile(`${action}.mp4`);
    const inputs = [
      { slot: "video", type: "video/mp4", path },
      { slot: "survey", type: "application/json", path: null },
    ];
    const signed = (await sign(path, "video/mp4", { making: { action, parent: "video" }, inputs }))!;
    const { store, active } = await manifestOf(signed.path);
    expect(store.validation_state).toBe("Trusted");
    expect(active.ingredients).toMatchObject([{ relationship: "parentOf", format: "video/mp4" }]);
    return active.assertions[0].data.actions.map((each: Record<string, unknown>) => [
      each.action,
      "digitalSourceType" in each,
    ]);
  };
  expect(await actions("edited")).toEqual([
    ["c2pa.opened", false],
    ["c2pa.edited", true],
  ]);
  expect(await actions("transcoded")).toEqual([
    ["c2pa.opened", false],
    ["c2pa.transcoded", false],
  ]);
});

test("what an input says of itself is kept; one that says nonsense keeps nobody from signing", async () => {
  const picture = await sharp({ create: { width: 32, height: 32, channels: 3, background: "#888" } })
    .jpeg()
    .toBuffer();
  const camera = signatoryNamed("Camera");
  const photo = (await sign(fileOf("photo.jpg", picture), "image/jpeg", {}, camera))!.path;
  const input = (path: string) => [{ slot: "image", type: "image/jpeg", path }];
  const kept = (await sign(videoFile("kept.mp4"), "video/mp4", { inputs: input(photo) }))!;
  const { store } = await manifestOf(kept.path);
  expect(Object.keys(store.manifests)).toHaveLength(2);
  expect(JSON.stringify(store)).toContain('"issuer":"Camera"');
  expect((await verdict(kept.path)).signature).toBe("ours");

  const broken = readFileSync(photo);
  for (let at = 40; at < 1500; at += 7) broken[at]! ^= 0x55;
  for (const bytes of [broken, Buffer.from("ffd8ff", "hex"), Buffer.alloc(300, 0xff)]) {
    const signed = (await sign(videoFile("despite.mp4"), "video/mp4", { inputs: input(fileOf("broken.jpg", bytes)) }))!;
    expect((await verdict(signed.path)).signature).toBe("ours");
  }
});

test("every type that jobs make is signed, or has no place for a signature", async () => {
  const image = sharp({ create: { width: 48, height: 48, channels: 3, background: "#456" } });
  const files = {
    "image/jpeg": await image.clone().jpeg().toBuffer(),
    "image/png": await image.clone().png().toBuffer(),
    "image/webp": await image.clone().webp().toBuffer(),
    "image/gif": await image.clone().gif().toBuffer(),
    "image/tiff": await image.clone().tiff().toBuffer(),
    "video/mp4": stubVideo({}),
    "video/quicktime": stubVideo({}),
    "audio/wav": wav(),
  };
  for (const [nth, [type, bytes]] of Object.entries(files).entries()) {
    const signed = await sign(fileOf(`type-${nth}`, bytes), type);
    expect(signed && (await verdict(signed.path, type)).signature, type).toBe("ours");
  }
  for (const type of ["video/webm", "audio/ogg", "image/bmp", "application/zip", "text/csv", "application/json"]) {
    expect(await sign(videoFile("other"), type), type).toBeNull();
    expect((await verdict(videoFile("other"), type)).signature, type).toBe("none");
  }
});

test("another's signature is another's, also of one with the same names; without a signature there is none", async () => {
  const path = videoFile("whose.mp4");
  expect(await verdict(path)).toEqual({ signature: "none", instance: null });
  const signed = (await sign(path, "video/mp4"))!;
  expect(await verdict(signed.path)).toEqual({ signature: "ours", instance: signed.c2pa.instance });
  const impostor = signatoryNamed();
  const theirs = (await sign(videoFile("theirs.mp4"), "video/mp4", {}, impostor))!;
  expect(await verdict(theirs.path)).toEqual({ signature: "other", instance: null });
  expect((await verdict(theirs.path, "video/mp4", [])).signature).toBe("other");
  // under a root that others have, too, the certificate decides
  expect((await verdict(theirs.path, "video/mp4", [{ ...impostor, serial: ours.serial }])).signature).toBe("other");
  expect((await verdict(theirs.path, "video/mp4", [ours, impostor])).signature).toBe("ours");
});

test("what a former key has signed stays ours, and its chain may stand behind that of the present one", async () => {
  const [former, present] = [makeChain(Date.now()), makeChain(Date.now())];
  const before = (await sign(videoFile("before.mp4"), "video/mp4", {}, readSignatory(former.key, former.chain)))!.path;
  const both = present.key + present.chain + former.chain;
  const now = readSignatory(both, both);
  const after = (await sign(videoFile("after-it.mp4"), "video/mp4", {}, now))!.path;
  const verdictBy = async (path: string, former: typeof trusted) =>
    (await findSignature(c2pa, [now, ...former], { path, type: "video/mp4", signal })).signature;
  const trusted = readFormerKeys(both, 1);
  expect(trusted).toHaveLength(1);
  expect([await verdictBy(before, trusted), await verdictBy(after, trusted)]).toEqual(["ours", "ours"]);
  expect(await verdictBy(before, [])).toBe("other");
  const impostor = (await sign(videoFile("impostor.mp4"), "video/mp4", {}, signatoryNamed()))!.path;
  expect(await verdictBy(impostor, trusted)).toBe("other");
});

test("a changed byte breaks the signature; where the rest cannot be read either, that is the same", async () => {
  const signed = readFileSync((await sign(videoFile("whole.mp4"), "video/mp4"))!.path);
  const mdat = signed.lastIndexOf("mdat");
  const inManifest = signed.indexOf("c2pa.actions.v2") + 40;
  for (const at of [mdat + 6, signed.length - 1, mdat + 1, inManifest]) {
    const changed = Buffer.from(signed);
    changed[at]! ^= 1;
    expect((await verdict(fileOf("changed.mp4", changed))).signature, `byte ${at}`).toBe("broken");
  }
  expect((await verdict(fileOf("cut.mp4", signed.subarray(0, 900)))).signature).toBe("broken");
  expect((await verdict(fileOf("longer.mp4", Buffer.concat([signed, stubVideo({})])))).signature).toBe("broken");
});

test("a key that is missing, or does not answer, leaves nothing behind and may come back", async () => {
  const path = videoFile("later.mp4");
  let key: Signatory | null = null;
  const signer = signerOf(async () => {
    if (!key) throw new Error("There is no key.");
    return key;
  });
  await expect(signer.sign({ ...FACTS, path, type: "video/mp4" })).rejects.toMatchObject({ code: "signing_failed" });
  key = { ...ours, sign: () => Promise.reject(new Error("The key service is busy.")) };
  await expect(signer.sign({ ...FACTS, path, type: "video/mp4" })).rejects.toMatchObject({ code: "signing_failed" });
  expect(existsSync(`${path}.signed`)).toBe(false);
  key = ours;
  expect(await signer.sign({ ...FACTS, path, type: "video/mp4" })).toMatchObject({ c2pa: { leaf: ours.leaf } });
});

test("a key elsewhere signs as one here does", async () => {
  const { key, chain } = makeChain(Date.now());
  const here = readSignatory(key, chain);
  const asked: number[] = [];
  const remote = signatoryOf(async (bytes) => {
    asked.push(bytes.byteLength);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return here.sign(bytes);
  }, chain);
  const signed = (await sign(videoFile("remote.mp4"), "video/mp4", {}, remote))!;
  expect(asked).toHaveLength(1);
  expect((await verdict(signed.path, "video/mp4", [here])).signature).toBe("ours");
});

test("signatures of keys in DER are of one length", () => {
  const short = Buffer.from("300602010102017f", "hex");
  expect(Buffer.from(rawSignature(short)).toString("hex")).toBe(`${"00".repeat(31)}01${"00".repeat(31)}7f`);
  for (const wrong of ["", "3006020101020101ff", "30050201010201", `3027${"0223"}${"7f".repeat(35)}020101`]) {
    expect(() => rawSignature(Buffer.from(wrong, "hex")), wrong).toThrow("ECDSA");
  }
});

test("a key and certificates that do not belong together are refused with the reason", () => {
  const [one, two] = [makeChain(Date.now()), makeChain(Date.now())];
  const leafOnly = one.chain.slice(0, one.chain.indexOf("-----END") + 26);
  const root = one.chain.slice(one.chain.lastIndexOf("-----BEGIN"));
  const otherRoot = two.chain.slice(two.chain.lastIndexOf("-----BEGIN"));
  for (const [key, chain, why] of [
    ["nonsense", one.chain, "not a private key"],
    [one.key, "", "at least two certificates"],
    [one.key, leafOnly, "at least two certificates"],
    [one.key, two.chain, "not that of the key"],
    [one.key, leafOnly + otherRoot, "not signed by the one after it"],
    [one.key, root + root, "not that of the key"],
  ] as const) {
    expect(() => readSignatory(key, chain)).toThrow(why);
  }
});

test.skipIf(!hasOpenssl())("OpenSSL finds the certificates in order", () => {
  const { key, chain } = makeChain(Date.now());
  const [leaf, root] = [chain.slice(0, chain.lastIndexOf("-----BEGIN")), chain.slice(chain.lastIndexOf("-----BEGIN"))];
  const paths = [fileOf("leaf.pem", Buffer.from(leaf)), fileOf("root.pem", Buffer.from(root))];
  fileOf("key.pem", Buffer.from(key));
  const verify = ["verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", paths[1]!, paths[0]!];
  expect(execFileSync("openssl", verify, { encoding: "utf8" })).toContain("OK");
});

test("a file that takes the reader too long, or too much memory, costs the reader alone", async () => {
  const small = openC2pa({ maxMemoryBytes: 8 * 2 ** 20 });
  const big = fileOf("big.mp4", stubVideo({ text: "x".repeat(12 * 2 ** 20) }));
  copyFileSync(big, join(dir, "big-copy.mp4"));
  const request = { out: join(dir, "big.out"), type: "video/mp4", definition: "{}", ingredients: [] };
  await expect(small.sign({ ...request, path: big }, ours, signal)).rejects.toThrow();
  expect(await findSignature(small, [ours], { path: videoFile("after.mp4"), type: "video/mp4", signal })).toEqual({
    signature: "none",
    instance: null,
  });
  await small.close();
  const hasty = openC2pa({ maxMemoryBytes: 512 * 2 ** 20, timeLimitMs: 1 });
  await expect(hasty.read({ path: big, type: "video/mp4", anchors: "" }, signal)).rejects.toThrow("more than 1 ms");
  await hasty.close();
});

function hasOpenssl(): boolean {
  try {
    return execFileSync("openssl", ["version"]).length > 0;
  } catch {
    return false;
  }
}

/** A tenth of a second of silence. */
function wav(): Buffer {
  const head = Buffer.from(
    "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data....",
    "latin1",
  );
  head.writeUInt32LE(36 + 1600, 4);
  head.writeUInt32LE(1600, 40);
  return Buffer.concat([head, Buffer.alloc(1600)]);
}
