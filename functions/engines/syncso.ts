/** `syncso`: Sync.so, or a server that speaks as it does, does lip sync; processes of ours make it ready and judge what comes back. */
import type { Env } from "@smileloop/core/env.ts";
import type { Engine } from "./engine.ts";
import { LOOKS, nodeEngine, nodeHelper } from "./node-engine.ts";
import { syncService } from "./syncso/service.ts";
import { voiceVariables } from "./voice-env.ts";

const NAME = "syncso";
const KINDS = ["lipsync"];

export const syncso: Engine = {
  name: NAME,
  kinds: KINDS,
  queues: [NAME],
  meanSeconds: 15,
  unset: `ENGINES: \`lipsync=warp+${NAME}\` has Sync.so do lip sync`,
  // with the operator's key everybody may use it
  secretsFor: ({ SYNC_API_KEY: key }) => ({ takes: ["api_key"], needs: key === undefined ? ["api_key"] : [] }),
  async find(env) {
    if (!isAsked(env)) return { engine: null, trouble: null };
    const libraries = env.LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH: env.LD_LIBRARY_PATH };
    const service = syncService({ provider: NAME, kinds: KINDS, url: env.SYNC_API_URL, key: env.SYNC_API_KEY });
    return {
      engine: {
        queueName: NAME,
        source: "compositeWithTrainedAlgorithmicMedia",
        service: { engine: NAME, service },
        checkerCommand: nodeEngine({ checks: KINDS, services: LOOKS, env: libraries }),
        helpers: [
          nodeHelper(["film", "mix", "listen", "conform"], libraries),
          nodeHelper(["say"], voiceVariables(env)),
        ],
        slots: 1,
      },
      trouble: null,
    };
  },
};

/** It costs money, so it is not there unless the operator says so. */
function isAsked({ ENGINES: engines, QUEUE: queue }: Env): boolean {
  return queue === NAME || [...engines.values()].some((names) => names.includes(NAME));
}
