/** The steps that are built in. What lists them for the API is in `functions/engines/warp.ts`. */
import type { ProcessorName } from "@smileloop/core/faces/processors.ts";
import { faceDebugger } from "./debug/face-debugger.ts";
import { faceEditor } from "./edit/face-editor.ts";
import { faceEnhancer } from "./enhance/face-enhancer.ts";
import { frameEnhancer } from "./enhance/frame-enhancer.ts";
import { expressionRestorer } from "./expression-restorer.ts";
import { lipSyncer } from "./lip-syncer.ts";
import type { Processor } from "./processor.ts";
import { faceSwapper } from "./swap/swapper.ts";

/** Of any name: which step it is given is looked up by that name. */
export type AnyProcessor = { [Name in ProcessorName]: Processor<Name> }[ProcessorName];

export const PROCESSORS: readonly AnyProcessor[] = [
  expressionRestorer,
  faceDebugger,
  faceEditor,
  faceEnhancer,
  faceSwapper,
  frameEnhancer,
  lipSyncer,
];
