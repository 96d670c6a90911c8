/** Files that a job keeps from one of its claims to the next: below its prefix, so that they go with it. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { downloadTo } from "./download.ts";

type LocalFile = { path: string; type: string; bytes: number };
export type Keeping = {
  /** Keeps a file for when the job is begun again, and answers what is kept: an earlier one under this name stays. */
  keep: (name: string, file: LocalFile) => Promise<LocalFile>;
  /** What was kept under this name; null where nothing was. */
  kept: (name: string) => Promise<LocalFile | null>;
};

type KeepingOptions = {
  files: Files;
  record: JobRecord;
  dir: string;
  signal: AbortSignal;
  elsewhere?: boolean | undefined;
};

export function keeping(options: KeepingOptions): Keeping {
  const { files, record, dir, signal, elsewhere } = options;
  const keyOf = (name: string) => inputKey(record.owner, record.id, `kept-${name}`);
  const kept = async (name: string): Promise<LocalFile | null> => {
    // others are begun once, and keep nothing
    if (!elsewhere) return null;
    const path = join(dir, `kept-${name}`);
    try {
      const { type, bytes } = await downloadTo(path, files, keyOf(name), signal);
      return { path, type, bytes };
    } catch (error) {
      if (hasCode(error, "not_found")) return null;
      throw error;
    }
  };
  return {
    kept,
    async keep(name, file) {
      if (!elsewhere) return file;
      try {
        await files.put(keyOf(name), createReadStream(file.path), { type: file.type, bytes: file.bytes, signal });
        return file;
      } catch (error) {
        // a worker that was thought to be dead was faster: what is sent twice has to be the same
        const there = hasCode(error, "already_exists") ? await kept(name) : null;
        if (!there) throw error;
        return there;
      }
    },
  };
}
