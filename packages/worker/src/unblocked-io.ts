/**
 * No work is done with what is on the block list: the pictures and videos that a job takes are held against it before anything else. The process
 * that checks results takes their prints, because they may be hostile. Where the list is empty nothing is looked at.
 */
import type { BlockList } from "@smileloop/core/blocked/block-list.ts";
import { MAX_PRINTED, type PrintRequest, printResultSchema } from "@smileloop/core/engine/print-service.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import { fileOf, type JobIo, type LocalFile } from "./job-io.ts";
import { sha256Of } from "./store-output.ts";

type UnblockedOptions = {
  /** The kind's; files of others are not asked for. */
  slots: Readonly<Record<string, Slot>>;
  blocked: BlockList;
  /** Told of the entry that a job was refused for. */
  onHit: (block: string) => Promise<void>;
};

/** `io` with the inputs that were looked at. Throws `content_refused`, which says no more than that, and what reading the files throws. */
export async function unblockedIo(io: JobIo, { slots, blocked, onHit }: UnblockedOptions): Promise<JobIo> {
  if (await blocked.isEmpty()) return io;
  const inputs = new Map<string, LocalFile[]>();
  for (const slot of Object.keys(slots)) {
    const files = await io.timed("download", () => io.input(slot));
    inputs.set(slot, files);
    const visible = files.filter(({ type }) => ["image", "video"].includes(mediaClassOf(type) ?? ""));
    const hit = await io.timed("review", () => blaming(slot, firstBlocked(io, blocked, visible)));
    if (hit === null) continue;
    await onHit(hit);
    throw new AppError("content_refused", "This server does not work with this file.", { input: slot });
  }
  return { ...io, input: async (slot) => inputs.get(slot) ?? [] };
}

/** The id of the entry that one of the files is like; null where none is. */
async function firstBlocked(io: JobIo, blocked: BlockList, files: LocalFile[]): Promise<string | null> {
  for (let from = 0; from < files.length; from += MAX_PRINTED) {
    const some = files.slice(from, from + MAX_PRINTED);
    const request: Omit<PrintRequest, "run"> = { type: "print", inputs: { files: some.map(fileOf) } };
    const options = { ...io.options(), onProgress: undefined, result: printResultSchema };
    const { files: prints } = await io.checker.request(request, options);
    for (const [nth, { path }] of some.entries()) {
      const found = await blocked.find({ sha256: await sha256Of(path, io.signal), prints: prints[nth] ?? [] });
      if (found) return found.id;
    }
  }
  return null;
}
