/** What files say of themselves: that a machine made them, for which job, with which engine. */
import { open } from "node:fs/promises";
import type { Provenance } from "@smileloop/core/engine/protocol.ts";

/** How the comment of each file begins in which a machine has made something. */
const SYNTHETIC = "AI-generated (synthetic media) by SmileLoop";

export type Marks = {
  /** Stored under the keys that players and tag editors show (MP4: iTunes atoms `©cmt`, `desc`; WebM: tags). */
  tags: Record<"comment" | "description", string>;
  /** The same for pictures, with IPTC's word for what a model made of a photo (`DigitalSourceType`). */
  xmp: string;
};

const SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

/** `part`: what of it a machine has made. */
export function marksOf(
  { job, engine, version }: Provenance,
  what: "video" | "picture" | "sound" = "video",
  part: "motion" | "voice" | "face" = what === "sound" ? "voice" : "motion",
): Marks {
  const comment = `${SYNTHETIC}; job=${job}; engine=${engine} ${version}`;
  const description = `Made by a machine: the ${part} in this ${what} is synthetic.`;
  return { tags: { comment, description }, xmp: xmpOf(`${description} ${comment}`, SOURCE_TYPE) };
}

/** Of a file that only has another format than before: what it said of a machine stays, and nothing is said that it did not say. `tags`: what it had. */
export function convertedMarks({ job, engine, version }: Provenance, tags: Record<string, string>): Marks {
  const { comment: before = "", description: told = "" } = tags;
  const isSynthetic = before.startsWith(SYNTHETIC);
  const converted = `Converted by SmileLoop; job=${job}; engine=${engine} ${version}`;
  const comment = isSynthetic ? `${before}; ${converted}` : converted;
  const description = isSynthetic ? told : "Another format of a video that was given.";
  return { tags: { comment, description }, xmp: xmpOf(`${description} ${comment}`, isSynthetic ? SOURCE_TYPE : null) };
}

function xmpOf(text: string, sourceType: string | null): string {
  const escaped = text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return [
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
    ` xmp:CreatorTool="SmileLoop"${sourceType === null ? "" : ` Iptc4xmpExt:DigitalSourceType="${sourceType}"`}>`,
    `<dc:description><rdf:Alt><rdf:li xml:lang="x-default">${escaped}</rdf:li></rdf:Alt></dc:description>`,
    "</rdf:Description></rdf:RDF></x:xmpmeta>",
  ].join("");
}

const GIF_TRAILER = 0x3b;

/** Adds a comment to a finished GIF (GIF89a, 24: blocks of at most 255 bytes, before the trailer). FFmpeg writes none. */
export async function markGif(path: string, { tags }: Marks): Promise<void> {
  const text = Buffer.from(`${tags.comment}\n${tags.description}`);
  const blocks: Buffer[] = [];
  for (let at = 0; at < text.length; at += 255) {
    const block = text.subarray(at, at + 255);
    blocks.push(Buffer.of(block.length), block);
  }
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    const { buffer: last } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    if (last[0] !== GIF_TRAILER) throw new Error("the GIF has no end");
    const comment = Buffer.concat([Buffer.of(0x21, 0xfe), ...blocks, Buffer.of(0, GIF_TRAILER)]);
    await file.write(comment, 0, comment.length, size - 1);
  } finally {
    await file.close();
  }
}
