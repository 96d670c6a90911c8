/**
 * Looks at pictures for the API of a local server, with an engine process that no job waits for and that waits for no job. It starts when
 * it is first asked.
 */
import { join } from "node:path";
import type { Inspector } from "@smileloop/core/inspector.ts";
import { boundedInspector, createInspector } from "@smileloop/worker/inspector.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { removeLeftovers } from "@smileloop/worker/work-dirs.ts";
import type { Finding } from "../engines/engine.ts";
import { builtInEngine } from "../engines/index.ts";
import type { Deps } from "./deps.ts";

export type LocalInspector = Inspector & { stop(): Promise<void> };

/** Eight pictures of a usual size are done within some two seconds. */
const BOUNDS = { perOwner: 4, total: 8 };

/** Null where the built-in engine offers none. */
export function openLocalInspector(deps: Deps, findings: ReadonlyMap<string, Finding>): LocalInspector | null {
  const command = findings.get(builtInEngine(deps.engines).name)?.engine?.inspectorCommand;
  if (!command) return null;
  const { files, log } = deps;
  const workRoot = join(deps.workRoot, "inspector");
  const engine = createEngineProcess({ ...command, name: "inspector", workRoot, log });
  const inspector = boundedInspector(createInspector({ engine, files, workRoot, log }), BOUNDS);
  let cleared: Promise<void> | null = null;
  return {
    inspect: async (picture, options) => {
      cleared ??= removeLeftovers(workRoot);
      await cleared;
      return inspector.inspect(picture, options);
    },
    stop: () => engine.stop({ graceMs: 0 }),
  };
}
