/**
 * `warp`: the built-in engine. One process renders; another decides who moves and judges what was made of it, whatever the
 * engine. A third looks at pictures for a local API; on Lambda the second does that, too.
 */
import type { Engine } from "./engine.ts";
import { LOOKS, nodeEngine, nodeHelper } from "./node-engine.ts";
import { voiceVariables } from "./voice-env.ts";

const KINDS = [
  "animate",
  "previews",
  "talk",
  "lipsync",
  "process_image",
  "process_video",
  "convert",
  "survey",
  "insert",
];
/** The list in engine/faces/index.ts, which the API is deployed without. */
const PROCESSORS = [
  "expression_restorer",
  "face_debugger",
  "face_editor",
  "face_enhancer",
  "face_swapper",
  "frame_enhancer",
  "lip_syncer",
];

export const warp: Engine = {
  name: "warp",
  kinds: KINDS,
  capabilities: PROCESSORS,
  queues: ["warp", "warp-long"],
  meanSeconds: { warp: 10, "warp-long": 240 },
  builtIn: true,
  // voices elsewhere are asked with it
  secretsFor: () => ({ takes: ["voice_key"], needs: [] }),
  async find(all) {
    const { WARP_PROCESSES: slots, LD_LIBRARY_PATH } = all;
    const env = LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH };
    return {
      engine: {
        queueName: "warp",
        source: "compositeWithTrainedAlgorithmicMedia",
        engineCommand: nodeEngine({ kinds: KINDS, services: ["extract", "listen", "film", "speaker", "mix"], env }),
        checkerCommand: nodeEngine({ checks: KINDS, services: ["cast", "inspect", "luma", ...LOOKS], env }),
        inspectorCommand: nodeEngine({ services: ["inspect", "luma"], env }),
        helpers: [nodeHelper(["say"], voiceVariables(all))],
        slots,
      },
      trouble: null,
    };
  },
};
