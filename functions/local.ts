/** The local server: reads the environment, starts, says where it is, and ends on SIGTERM, Ctrl-C, or with its parent. */
import { type Env, EnvError, lookalikes, readEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Lists } from "./setup/deps.ts";
import { isLoopback, StartError } from "./setup/listen.ts";
import { startLocalServer } from "./setup/local-server.ts";
import { readyLine } from "./setup/ready-line.ts";
import { stopAsked } from "./setup/stop-asked.ts";

/** A proxy passes requests of strangers on to a server that asks nobody on loopback for a key. */
function isOpenBehindProxy({ PUBLIC_URL, API_KEYS, ANONYMOUS, ALLOW_OPEN }: Env): boolean {
  if (PUBLIC_URL === undefined || isLoopback(new URL(PUBLIC_URL).hostname)) return false;
  return API_KEYS.size === 0 && !ANONYMOUS && !ALLOW_OPEN;
}

/** Resolves when the server has been stopped. */
export async function main(lists: Lists = {}): Promise<void> {
  try {
    const env = readEnv();
    for (const { name, meant } of lookalikes()) {
      process.stderr.write(`smileloop: ${name} is not a setting and changes nothing. Is ${meant} meant?\n`);
    }
    if (isOpenBehindProxy(env)) {
      const help = "Set API_KEYS, or ANONYMOUS=1, or ALLOW_OPEN=1 if it is meant to be open";
      process.stderr.write(`smileloop: anyone who reaches ${env.PUBLIC_URL} may use this server. ${help}.\n`);
    }
    const server = await startLocalServer(env, lists);
    const asked = stopAsked();
    process.stdout.write(`${readyLine({ ...server, publicUrl: env.PUBLIC_URL ?? null })}\n`);
    await asked;
    await server.stop();
  } catch (error) {
    if (!(error instanceof StartError || error instanceof EnvError || error instanceof AppError)) throw error;
    process.stderr.write(`smileloop: ${error.message}\n`);
    process.exitCode = 1;
  }
}
