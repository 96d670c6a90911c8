/** The local server: reads the environment, starts, says where it is, and ends on SIGTERM, Ctrl-C, or with its parent. */
import { EnvError, lookalikes, readEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Lists } from "./setup/deps.ts";
import { StartError } from "./setup/listen.ts";
import { startLocalServer } from "./setup/local-server.ts";
import { openBehindProxy, readyLine } from "./setup/ready-line.ts";
import { stopAsked } from "./setup/stop-asked.ts";

/** Resolves when the server has been stopped. */
export async function main(lists: Lists = {}): Promise<void> {
  try {
    const env = readEnv();
    for (const { name, meant } of lookalikes()) {
      process.stderr.write(`smileloop: ${name} is not a setting and changes nothing. Is ${meant} meant?\n`);
    }
    const warning = openBehindProxy(env);
    if (warning) process.stderr.write(`smileloop: ${warning}\n`);
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
