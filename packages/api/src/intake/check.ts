/** How files get in: stored as uploads, and checked by their first bytes before a job may use them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files, StoredFile } from "@smileloop/core/files.ts";
import { idTimeMs, newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { UPLOAD_LIFE_MS } from "@smileloop/core/job/record.ts";
import type { Slot } from "@smileloop/core/kinds/kinds.ts";
import type { ApiDeps } from "../deps.ts";
import { isVideoType, sniffDriving } from "./clip.ts";
import { isJpeg, isPng, type PictureHeader, readPictureHeader } from "./picture.ts";

type Stores = Pick<ApiDeps, "files" | "clock">;

export type StoredUpload = { id: string; key: string; bytes: number; etag: string; sha256: string };

/** A file that passed the checks of a slot; `etag` is the very content that was checked. */
export type CheckedFile = { type: string; key: string; bytes: number; etag: string };

/** Enough for any format that file-type knows by its first bytes, and for the header of nearly every picture. */
const FIRST_BYTES = 32 * 1024;

/**
 * Stores a body as an upload of its own, as far as `maxBytes` (then `too_large`, and nothing of it stays). It lives for an hour
 * unless `dropUpload` takes it away; jobs copy it.
 */
export async function storeUpload(
  { files, clock }: Stores,
  owner: string,
  body: AsyncIterable<Uint8Array>,
  options: { maxBytes: number; type?: string; signal?: AbortSignal },
): Promise<StoredUpload> {
  const id = newId(clock.now());
  const { maxBytes, type = "application/octet-stream", signal } = options;
  const { key, bytes, etag, sha256 } = await files.put(uploadKey(owner, id), body, { type, maxBytes, signal });
  return { id, key, bytes, etag, sha256 };
}

export async function dropUpload({ files }: Pick<ApiDeps, "files">, owner: string, id: string): Promise<void> {
  await files.purge(uploadKey(owner, id));
}

/** Throws `gone` after an upload's hour, `not_found` before its bytes are there, and whatever `checkFile` throws. */
export async function checkUpload(deps: Stores, owner: string, id: string, slot: Slot): Promise<CheckedFile> {
  const key = uploadKey(owner, id);
  if (deps.clock.now() >= idTimeMs(id) + UPLOAD_LIFE_MS) {
    throw new AppError("gone", "This upload is over an hour old; upload the file again.");
  }
  return checkFile(deps, key, slot).catch((error: unknown) => {
    if (!hasCode(error, "not_found")) throw error;
    throw new AppError("not_found", "There is no such upload, or its bytes have not arrived yet.", { cause: error });
  });
}

/**
 * Looks at size, first bytes and, of a picture, pixel count of a stored file. Throws, in this order, `too_large`, `empty_file`,
 * `unsupported_type`, `image_unreadable`, `image_too_large`; `not_found` when there is no such file.
 */
export async function checkFile({ files }: Pick<ApiDeps, "files">, key: string, slot: Slot): Promise<CheckedFile> {
  const head = await readHead(files, key, FIRST_BYTES);
  checkSize(head, slot);
  const type = slot.types.some(isVideoType) ? await drivingType(head, slot) : await pictureType(files, key, head, slot);
  return { type, key, bytes: head.bytes, etag: head.etag };
}

/** Only an engine can tell how long a video is and whether it shows a face. */
async function drivingType({ first: bytes }: Head, { types }: Slot): Promise<string> {
  const type = sniffDriving(bytes);
  if (type !== null && types.includes(type)) return type;
  throw await unsupported(bytes, types, "This is no video and no recording of a face that we know.");
}

async function pictureType(files: Files, key: string, head: Head, slot: Slot): Promise<string> {
  await checkType(head.first, slot);
  const header = await readHeader(files, key, head);
  checkPixels(header, slot);
  return header.type;
}

function checkSize({ bytes }: Head, { maxBytes }: Slot): void {
  if (bytes > maxBytes) {
    throw new AppError("too_large", `The file has ${bytes} bytes; at most ${maxBytes} are accepted.`);
  }
  if (bytes === 0) throw empty();
}

function checkPixels({ width, height }: PictureHeader, { maxPixels, maxSide }: Slot): void {
  if (width <= maxSide && height <= maxSide && width * height <= maxPixels) return;
  const limit = `at most ${maxPixels / 1e6} million pixels and ${maxSide} a side are accepted`;
  throw new AppError("image_too_large", `Image too large (${width}×${height} pixels). Make it smaller: ${limit}.`);
}

async function readHeader(files: Files, key: string, head: Head): Promise<PictureHeader> {
  for (let { first, etag } = head; ; ) {
    const read = readPictureHeader(first);
    if ("header" in read) return read.header;
    if ("unreadable" in read || first.byteLength >= head.bytes) {
      throw new AppError(
        "image_unreadable",
        "The picture is damaged: its header cannot be read. Save it anew and try again.",
      );
    }
    ({ first, etag } = await readHead(files, key, Math.max(read.more, first.byteLength * 2)));
    if (etag !== head.etag) throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
  }
}

async function checkType(bytes: Uint8Array, { types }: Slot): Promise<void> {
  const type = isJpeg(bytes) ? "image/jpeg" : isPng(bytes) ? "image/png" : null;
  if (type !== null && types.includes(type)) return;
  throw await unsupported(bytes, types, "This is no picture that we know.");
}

async function unsupported(bytes: Uint8Array, types: string[], unknown: string): Promise<AppError> {
  const { fileTypeFromBuffer } = await import("file-type");
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  const what = found ? `This is ${found.mime}.` : unknown;
  return new AppError("unsupported_type", `${what} Accepted by content, whatever the name: ${types.join(", ")}.`);
}

type Head = Pick<StoredFile, "bytes" | "etag"> & { first: Uint8Array };

/**
 * The first `wanted` bytes of a file, or all that it has. Read to their end, because a storage's connection whose reply is cut
 * short cannot be used again.
 */
async function readHead(files: Files, key: string, wanted: number): Promise<Head> {
  const { bytes, etag, body } = await files
    .get(key, { range: { first: 0, last: wanted - 1 } })
    .catch((error: unknown) => {
      throw hasCode(error, "range_not_satisfiable") ? empty() : error;
    });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { bytes, etag, first: Buffer.concat(chunks) };
}

function empty(): AppError {
  return new AppError("empty_file", "The file is empty.");
}
