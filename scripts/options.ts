/** Options of the command line, for scripts that people run. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** As `parseArgs`; what it does not know ends the process with a sentence and status 2, and `--help` with this text and status 0. */
export function readArgs<T extends ParseArgsConfig>(
  script: string,
  help: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
    process.stdout.write(`${help.trim()}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    const [sentence] = error instanceof Error ? error.message.split(". ") : [];
    process.stderr.write(`${script}: ${sentence}. \`npm run ${script} -- --help\` lists them.\n`);
    process.exit(2);
  }
}
