/** Writes SST's platform to .sst/, once: some 30 s and 320 MB from the npm registry, nothing from AWS. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

export function setup(): void {
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/sst/package.json"), "utf8"));
  const platform = join(ROOT, ".sst/platform");
  const there = existsSync(join(platform, "version")) && existsSync(join(platform, "node_modules/@pulumi/aws"));
  if (there && readFileSync(join(platform, "version"), "utf8").includes(version)) return;
  console.log(`SST ${version} is being set up in .sst (30 s, once)`);
  execFileSync("sst", ["install"], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
      SST_SKIP_DEPENDENCY_CHECK: "1",
      SST_NO_BUN: "1",
      SST_TELEMETRY_DISABLED: "1",
      SST_STAGE: "ci",
    },
  });
}
