/**
 * What the reader and signer of C2PA take for a browser's `Blob` and `FileReaderSync`: a part of a file, read where it is asked for, so
 * that a video need not be in memory as a whole.
 */
import { readSync } from "node:fs";

export class FileBlob {
  readonly size: number;
  readonly #fd: number;
  readonly #start: number;

  constructor(fd: number, start: number, end: number) {
    this.#fd = fd;
    this.#start = start;
    this.size = Math.max(0, end - start);
  }

  slice(from = 0, to = this.size): FileBlob {
    const start = this.#start + Math.min(from, this.size);
    return new FileBlob(this.#fd, start, this.#start + Math.min(to, this.size));
  }

  /** Throws where the file has become shorter. */
  read(): ArrayBuffer {
    const bytes = new Uint8Array(this.size);
    for (let done = 0; done < this.size; ) {
      const read = readSync(this.#fd, bytes, done, this.size - done, this.#start + done);
      if (read === 0) throw new Error("The file became shorter while it was read.");
      done += read;
    }
    return bytes.buffer;
  }
}

export class FileReaderSync {
  readAsArrayBuffer(blob: FileBlob): ArrayBuffer {
    return blob.read();
  }
}
