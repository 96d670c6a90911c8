/** What SST's CLI puts around sst.config.ts, from the platform that `sst install` has written. */
import { join } from "node:path";
import * as aws from "../../../.sst/platform/node_modules/@pulumi/aws/index.js";
import * as pulumi from "../../../.sst/platform/node_modules/@pulumi/pulumi/index.js";

export const ROOT = join(import.meta.dirname, "../../..");

/** Sets the globals of a deployment of `stage`; `root` is where it finds the bundles. */
export async function setGlobals(stage: string, root: string, server: string): Promise<void> {
  process.env.SST_SERVER = server;
  const work = join(root, ".sst");
  Object.assign(globalThis, {
    $app: { name: "smileloop", stage, removal: "remove", providers: { aws: {} }, protect: false },
    $dev: false,
    $cli: {
      command: "deploy",
      rpc: server,
      paths: { home: work, root, work, platform: join(ROOT, ".sst/platform") },
      state: { version: {} },
    },
    $util: pulumi,
    aws,
    $output: pulumi.output,
    $resolve: pulumi.all,
    $interpolate: pulumi.interpolate,
    $jsonStringify: pulumi.jsonStringify,
  });
  // components look at the globals when they are loaded
  const { $config } = await import("../../../.sst/platform/src/config.ts");
  Object.assign(globalThis, { $config, sst: await import("../../../.sst/platform/src/components/index.ts") });
}
