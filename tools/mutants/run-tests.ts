/**
 * A process that runs test files when it is told to, again and again, so that what they import is compiled once. It answers
 * whether all have passed; one that does not answer is ended from outside.
 */
import { createVitest } from "vitest/node";

export type Order = { changed: string; test: string };

const vitest = await createVitest("test", { watch: false, bail: 1, reporters: [{}] });

process.on("message", async ({ changed, test }: Order) => {
  vitest.invalidateFile(changed);
  const specifications = await vitest.globTestSpecifications([test]);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  process.send!(testModules.length > 0 && unhandledErrors.length === 0 && testModules.every((module) => module.ok()));
});
process.once("disconnect", () => process.exit());
process.send!("ready");
