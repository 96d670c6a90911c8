/** `warp`: the built-in engine. It renders in one process and has its work checked in another, which serves nothing else. */
import type { Engine } from "./engine.ts";
import { nodeEngine } from "./node-engine.ts";

const KINDS = ["animate"];

export const warp: Engine = {
  name: "warp",
  kinds: KINDS,
  queues: ["warp", "warp-long"],
  meanSeconds: { warp: 10, "warp-long": 240 },
  builtIn: true,
  async find({ WARP_PROCESSES: slots, LD_LIBRARY_PATH }) {
    const env = LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH };
    return {
      engine: {
        queueName: "warp",
        engineCommand: nodeEngine({ kinds: KINDS, services: ["extract"], env }),
        checkerCommand: nodeEngine({ services: ["check"], env }),
        slots,
      },
      trouble: null,
    };
  },
};
