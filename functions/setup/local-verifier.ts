/**
 * Reads the marks of files for the API of a local server. Its thread and its engine process start when they are first asked, and are not
 * those that sign and work.
 */
import { join } from "node:path";
import type { Verifier } from "@smileloop/core/verifier.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { boundedVerifier, createVerifier } from "@smileloop/worker/verifier.ts";
import { removeLeftovers } from "@smileloop/worker/work-dirs.ts";
import type { Finding } from "../engines/engine.ts";
import { builtInEngine } from "../engines/index.ts";
import type { Deps } from "./deps.ts";
import { markReader } from "./signing.ts";

export type LocalVerifier = Verifier & { stop(): Promise<void> };

/** Looks for no marks in pictures where the built-in engine has no process for it. */
export function openLocalVerifier(deps: Deps, findings: ReadonlyMap<string, Finding>): LocalVerifier {
  const workRoot = join(deps.workRoot, "verifier");
  const command = findings.get(builtInEngine(deps.engines).name)?.engine?.inspectorCommand;
  const engine = command ? createEngineProcess({ ...command, name: "verifier", workRoot, log: deps.log }) : null;
  const reader = markReader(deps, engine && { engine, workRoot });
  const verifier = boundedVerifier(createVerifier({ ...reader, files: deps.files, workRoot }));
  let cleared: Promise<void> | null = null;
  return {
    verify: async (file, options) => {
      cleared ??= removeLeftovers(workRoot);
      await cleared;
      return verifier.verify(file, options);
    },
    stop: async () => void (await Promise.all([reader.c2pa.close(), engine?.stop({ graceMs: 0 })])),
  };
}
