/** Files in the memory of this process, for tests and for the command line. */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { FileInfo, Files } from "../files.ts";
import { checkFileKey } from "../job/keys.ts";
import type { LocalLinks } from "../storage/local-links.ts";
import { checkedBody, resolveRange } from "./body.ts";
import { signedLinks } from "./signed-links.ts";

type Kept = { data: Uint8Array; info: FileInfo };

export function memoryFiles({ clock, links }: { clock: Clock; links: LocalLinks }): Files {
  const kept = new Map<string, Kept>();
  const find = (key: string): Kept => {
    const file = kept.get(checkFileKey(key));
    if (!file) throw new AppError("not_found", "There is no such file.");
    return file;
  };
  const refuseTaken = (key: string) => {
    if (kept.has(checkFileKey(key))) throw new AppError("already_exists", "This file has arrived already.");
  };
  const under = (prefix: string): string[] => {
    const path = prefix.replace(/\/$/, "");
    if (prefix === "") return [...kept.keys()];
    checkFileKey(path);
    return [...kept.keys()].filter((key) => key === prefix || key.startsWith(`${path}/`));
  };

  return {
    async put(key, body, options) {
      refuseTaken(key);
      const checked = checkedBody(body, options);
      const chunks: Uint8Array[] = [];
      for await (const chunk of checked.chunks) chunks.push(Uint8Array.from(chunk));
      refuseTaken(key);
      const { bytes, sha256 } = checked.sum();
      const info = { key, bytes, type: options.type, etag: sha256.slice(0, 32), storedAtMs: clock.now() };
      kept.set(key, { data: Buffer.concat(chunks), info });
      return { ...info, sha256 };
    },
    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      const { data, info } = find(key);
      const part = range ? resolveRange(range, info.bytes) : null;
      return { ...info, range: part, body: streamOf(part ? data.subarray(part.first, part.last + 1) : data) };
    },
    async copy(from, to, etag) {
      const file = find(from);
      if (file.info.etag !== etag) throw new AppError("precondition_failed", "The file has changed.");
      refuseTaken(to);
      const info = { ...file.info, key: to, storedAtMs: clock.now() };
      kept.set(to, { data: file.data, info });
    },
    ...signedLinks(links),
    async *list(prefix) {
      for (const key of under(prefix).sort()) {
        const file = kept.get(key);
        if (file) yield { ...file.info };
      }
    },
    async purge(prefix) {
      for (const key of under(prefix)) kept.delete(key);
    },
  };
}

function streamOf(data: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (data.byteLength > 0) controller.enqueue(Uint8Array.from(data));
      controller.close();
    },
  });
}
