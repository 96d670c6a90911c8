/** What an installation has, and `echo` with it: nothing but entries of public lists. */
import { fileURLToPath } from "node:url";
import { KINDS } from "@smileloop/core/kinds/index.ts";
import { HANDLERS } from "@smileloop/worker/kinds/index.ts";
import type { Engine } from "../../functions/engines/engine.ts";
import { ENGINES } from "../../functions/engines/index.ts";
import type { Lists } from "../../functions/setup/deps.ts";
import { echoAllHandler, echoHandler } from "./handlers.ts";
import { echo, echoAll } from "./kinds.ts";

const SCRIPT = fileURLToPath(new URL("engine-process.ts", import.meta.url));

export const echoEngine: Engine = {
  name: "echo",
  kinds: ["echo"],
  queues: ["echo"],
  meanSeconds: 1,
  find: async () => ({
    engine: {
      queueName: "echo",
      source: "trainedAlgorithmicMedia",
      engineCommand: { command: process.execPath, args: [SCRIPT] },
      checkerCommand: { command: process.execPath, args: [SCRIPT, "--checks"] },
      slots: 1,
    },
    trouble: null,
  }),
};

export const LISTS = {
  kinds: [...KINDS, echo, echoAll],
  handlers: { ...HANDLERS, echo: echoHandler, echo_all: echoAllHandler },
  engines: [...ENGINES, echoEngine],
} satisfies Lists;
