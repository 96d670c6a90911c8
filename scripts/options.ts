/** Options of the command line, for scripts that people run. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** As `parseArgs`; what it does not know ends the process with a sentence and status 2. */
export function readArgs<T extends ParseArgsConfig>(script: string, config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const [sentence] = error instanceof Error ? error.message.split(". ") : [];
    process.stderr.write(`${script}: ${sentence}.\n`);
    process.exit(2);
  }
}
