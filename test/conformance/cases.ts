import { afterEach, beforeEach, describe, it } from "vitest";

/** Tests of a suite that an adapter cannot pass, and why. A name that the suite does not have is an error. */
export type Skip = { reason: string; tests: string[] }[];

/** One suite for one adapter: each case gets a fresh storage. */
export function suite<Home extends { close(): Promise<void> }>(
  name: string,
  open: () => Promise<Home>,
  skip: Skip,
  cases: Record<string, (home: Home) => Promise<void>>,
): void {
  const unknown = skip.flatMap(({ tests }) => tests).filter((test) => !Object.hasOwn(cases, test));
  if (unknown.length > 0) throw new Error(`${name} skips what there is not: ${unknown.join("; ")}`);
  describe(name, () => {
    let home: Home;
    beforeEach(async () => {
      home = await open();
    });
    afterEach(() => home.close());
    for (const [title, run] of Object.entries(cases)) {
      const skipped = skip.find(({ tests }) => tests.includes(title));
      if (skipped) it.skip(`${title} (${skipped.reason})`, () => {});
      else it(title, () => run(home));
    }
  });
}

/** The code of the error that is thrown, or null. */
export async function codeOf(run: () => Promise<unknown>): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
