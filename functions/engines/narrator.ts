/** `narrator`: some processes speak, with the keys of voices elsewhere; another, without them, judges what they have said. */
import type { Engine } from "./engine.ts";
import { nodeEngine } from "./node-engine.ts";
import { voiceTrouble, voiceVariables } from "./voice-env.ts";

const NAME = "narrator";
const KINDS = ["speak"];

export const narrator: Engine = {
  name: NAME,
  kinds: KINDS,
  queues: [NAME],
  meanSeconds: 2,
  async find(env) {
    const trouble = voiceTrouble(env);
    if (trouble !== null) return { engine: null, trouble };
    const libraries = env.LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH: env.LD_LIBRARY_PATH };
    return {
      engine: {
        queueName: NAME,
        source: "trainedAlgorithmicMedia",
        engineCommand: nodeEngine({ engine: NAME, kinds: KINDS, services: ["say"], env: voiceVariables(env) }),
        checkerCommand: nodeEngine({ checks: KINDS, env: libraries }),
        slots: env.NARRATOR_PROCESSES,
      },
      trouble: null,
    };
  },
};
