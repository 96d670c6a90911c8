/**
 * A second reader of signatures, written apart from the one that signs, agrees with ours: on files of each type that jobs make and that it
 * can read (not WebP, GIF, WAV, TIFF, and no manifests in MP3), and on the same files with a byte changed.
 */
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { reencoded, stillClip } from "../support/clips.ts";
import { ASTRONAUT } from "../support/pictures.ts";
import { readSecond } from "../support/second-reader.ts";
import { openSignedFiles } from "../support/signed-files.ts";
import { clickTrack, encodedSound } from "../support/sounds.ts";

const files = openSignedFiles();
afterAll(() => files.close());

const clip = stillClip(ASTRONAUT, 10);
const picture = sharp(ASTRONAUT).resize(96);
const sound = clickTrack({ seconds: 1, clicks: [0.5], rate: 44_100 });
const FILES: Record<string, () => Promise<Buffer>> = {
  "video/mp4": () => clip,
  "video/quicktime": async () => reencoded(await clip, { codec: "libx264", container: "mov" }),
  "image/jpeg": () => picture.clone().jpeg().toBuffer(),
  "image/png": () => picture.clone().png().toBuffer(),
  "audio/mp4": () => encodedSound(sound, 44_100, { codec: "aac", container: "ipod" }),
};

async function both(type: string, bytes: Buffer) {
  return { ours: await files.verdict(type, bytes), second: (await readSecond(bytes)).verdict };
}

test.each(Object.keys(FILES))("two readers agree on %s", async (type) => {
  const plain = await FILES[type]!();
  expect(await both(type, plain)).toEqual({ ours: "none", second: "none" });
  const file = await files.sign(type, plain);
  expect(await readSecond(file)).toEqual({ verdict: "valid", faults: [] });
  expect(await both(type, file)).toEqual({ ours: "ours", second: "valid" });
  const content = contentAt(type, file);
  const inManifest = file.indexOf("c2pa.actions.v2") + 40;
  for (const at of [content, inManifest]) {
    const changed = Buffer.from(file);
    changed[at]! ^= 1;
    expect(await both(type, changed), `byte ${at} of ${file.length}`).toEqual({ ours: "broken", second: "broken" });
  }
});

/** A byte of what is seen or heard. */
function contentAt(type: string, file: Buffer): number {
  if (type === "image/jpeg") return file.lastIndexOf(Buffer.from([0xff, 0xda])) + 100;
  if (type === "image/png") return file.indexOf("IDAT") + 50;
  return file.indexOf("mdat") + 100;
}
