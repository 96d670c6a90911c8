/** Reads the header of a video or sound: MP4, MOV, WebM, WAV, MP3, M4A and others. Nothing is decoded. */
import { setImmediate } from "node:timers/promises";
import { AbstractTokenizer, EndOfStreamError, type IReadChunkOptions } from "strtok3/core";

/** Up to `length` bytes of a file from `position` on; fewer only at its end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/** Bytes per read, and in all: a header that is spread farther is not worth the requests. */
const WINDOW_BYTES = 64 * 1024;
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * Reads by the parser, most of them from the window: a file made of tiny parts would keep the server busy. An MP4 needs some 80, a
 * Matroska file 1,000, a fragmented MP4 2,200 until it reaches MAX_BYTES.
 */
const MAX_READS = 3000;
/** Reads between two turns of the event loop: what lies in the window is read without waiting for anything. */
const READS_PER_TURN = 200;

/** Seconds, and pixels as they are stored (before any rotation); what the header does not say is absent. */
type ClipHeader = { seconds?: number; width?: number; height?: number };

/** Empty where the header is damaged or lies too far into the file. Throws what `read` throws. */
export async function readClipHeader(type: string, bytes: number, read: ReadAt): Promise<ClipHeader> {
  const { parseFromTokenizer } = await import("music-metadata");
  const tokenizer = new RangeTokenizer(type, bytes, read);
  try {
    const options = { duration: false, skipCovers: true, skipPostHeaders: true };
    const { format } = await parseFromTokenizer(tokenizer, options);
    const tracks = format.trackInfo ?? [];
    const seconds = Math.max(0, ...[format.duration, ...tracks.map(({ duration }) => duration)].filter(isLength));
    const { pixelWidth: width, pixelHeight: height } = tracks.find(({ video }) => video)?.video ?? {};
    return { ...(seconds > 0 ? { seconds } : {}), ...(width && height ? { width, height } : {}) };
  } catch {
    if (tokenizer.failure !== null) throw tokenizer.failure;
    // any other error of the parser means that the header is unusable
    return {};
  }
}

function isLength(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** Reads a file by ranges, a window at a time. */
class RangeTokenizer extends AbstractTokenizer {
  fileInfo: { mimeType: string; size: number };
  /** An error of reading is the storage's fault, not the file's. */
  failure: unknown = null;
  readonly #read: ReadAt;
  readonly #bytes: number;
  #window: { from: number; data: Uint8Array } = { from: 0, data: new Uint8Array(0) };
  #readBytes = 0;
  #reads = 0;

  constructor(mimeType: string, bytes: number, read: ReadAt) {
    super();
    this.fileInfo = { mimeType, size: bytes };
    this.#bytes = bytes;
    this.#read = read;
  }

  supportsRandomAccess(): boolean {
    return true;
  }

  setPosition(position: number): void {
    this.position = position;
  }

  async readBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position } = this.normalizeOptions(target, options);
    const length = await this.peekBuffer(target, options);
    this.position = position + length;
    return length;
  }

  async peekBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position, length, mayBeLess } = this.normalizeOptions(target, options);
    const available = Math.max(0, Math.min(length, this.#bytes - position));
    if (available < length && !mayBeLess) throw new EndOfStreamError();
    target.set(await this.#at(position, available));
    return available;
  }

  override async ignore(length: number): Promise<number> {
    const skipped = Math.max(0, Math.min(length, this.#bytes - this.position));
    this.position += skipped;
    return skipped;
  }

  async #at(position: number, length: number): Promise<Uint8Array> {
    if (++this.#reads > MAX_READS) throw new RangeError("The header has too many parts.");
    if (this.#reads % READS_PER_TURN === 0) await setImmediate();
    const { from, data } = this.#window;
    if (position >= from && position + length <= from + data.length) {
      return data.subarray(position - from, position - from + length);
    }
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.#bytes - position);
    this.#readBytes += wanted;
    if (this.#readBytes > MAX_BYTES) throw new RangeError("The header lies too far into the file.");
    const fresh = await this.#read(position, wanted).catch((error: unknown) => {
      this.failure = error;
      throw error;
    });
    this.#window = { from: position, data: fresh };
    if (fresh.length < length) throw new EndOfStreamError();
    return fresh.subarray(0, length);
  }
}
