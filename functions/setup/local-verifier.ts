/** Reads the marks of files for the API of a local server. Its thread starts when it is first asked, and is not the one that signs. */
import { join } from "node:path";
import type { Verifier } from "@smileloop/core/verifier.ts";
import { boundedVerifier, createVerifier } from "@smileloop/worker/verifier.ts";
import { removeLeftovers } from "@smileloop/worker/work-dirs.ts";
import type { Deps } from "./deps.ts";
import { markReader } from "./signing.ts";

export type LocalVerifier = Verifier & { stop(): Promise<void> };

export function openLocalVerifier(deps: Deps): LocalVerifier {
  const workRoot = join(deps.workRoot, "verifier");
  const reader = markReader(deps);
  const verifier = boundedVerifier(createVerifier({ ...reader, files: deps.files, workRoot }));
  let cleared: Promise<void> | null = null;
  return {
    verify: async (file, options) => {
      cleared ??= removeLeftovers(workRoot);
      await cleared;
      return verifier.verify(file, options);
    },
    stop: () => reader.c2pa.close(),
  };
}
