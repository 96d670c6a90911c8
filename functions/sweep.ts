/** The sweeper on Lambda, called each minute. */
import { readEnv } from "@smileloop/core/env.ts";
import { sweepOnce } from "@smileloop/core/sweep.ts";
import { openCloudDeps } from "./cloud.ts";

const deps = await openCloudDeps(readEnv());

export const handler = async (): Promise<void> => {
  const swept = await sweepOnce(deps, { forgetKeys: false });
  deps.log.info(swept, "swept");
};
