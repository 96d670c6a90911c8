/**
 * `npm run smoke -- --url https://… --key sl_…`: asks a deployment for what can't be tried without an account: rights, signed links,
 * CORS, real storage, real queues. It makes two small jobs and deletes them. Each line says what was asked and how it went;
 * the exit status is 1 if anything was not as it should be. A server on this machine may be asked, too.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readArgs } from "./options.ts";
import { CHECKS } from "./smoke/checks.ts";
import { openSession, Skipped, type SmokeOptions } from "./smoke/session.ts";

const HELP = `
npm run smoke -- --url <address> [--key <key>] [options]    asks a deployment whether all of it works

  --url <address>    as \`npm run deploy\` has shown it
  --key <key>        an API key; without one, a server that asks nobody
  --photo <file>     a JPEG with a face
  --engine <name>    instead of the default one
  --patience <s>     seconds to wait for a job: 120; GPU workers take minutes to start`;

const PHOTO = join(import.meta.dirname, "../test/fixtures/astronaut.jpg");

/** How many checks failed. A check that needs what a failed one should have brought is skipped, and says so. */
export async function smoke(options: SmokeOptions, print: (line: string) => void): Promise<number> {
  const session = openSession(options);
  let failed = 0;
  for (const [name, check] of Object.entries(CHECKS)) {
    const startedMs = performance.now();
    const say = (how: string, why = "") =>
      print(`${how.padEnd(8)}${name} (${Math.round(performance.now() - startedMs)} ms)${why && `: ${why}`}`);
    try {
      await check(session);
      say("ok");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof Skipped) say("skipped", why);
      else {
        failed++;
        say("FAILED", why);
      }
    }
  }
  print(failed === 0 ? "All is well." : `${failed} of ${Object.keys(CHECKS).length} failed.`);
  return failed;
}

if (import.meta.main) {
  const { values } = readArgs("smoke", HELP, {
    options: {
      url: { type: "string" },
      key: { type: "string" },
      photo: { type: "string", default: PHOTO },
      engine: { type: "string" },
      patience: { type: "string", default: "120" },
    },
  });
  const { url = "", photo } = values;
  const patienceMs = Number(values.patience) * 1000;
  const faults = [
    URL.parse(url) === null && "--url: the address of the API is needed, as `npm run deploy` has shown it.",
    !existsSync(photo) && `--photo: there is no ${photo}.`,
    !(patienceMs > 0) && "--patience: seconds are needed.",
  ].filter((fault) => fault !== false);
  if (faults.length > 0) {
    process.stderr.write(`smoke: ${faults.join(" ")}\n`);
    process.exit(2);
  }
  const failed = await smoke(
    {
      url: url.replace(/\/+$/, ""),
      key: values.key ?? null,
      photo: readFileSync(photo),
      engine: values.engine ?? null,
      patienceMs,
    },
    (line) => process.stdout.write(`${line}\n`),
  );
  process.exit(failed === 0 ? 0 : 1);
}
