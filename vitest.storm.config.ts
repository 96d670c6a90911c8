import { defineConfig } from "vitest/config";

/** Processes of workers that are killed and put to sleep: more than a minute on both cores, so that it is no part of `npm test`. */
export default defineConfig({
  test: { include: ["test/faults/*.storm.ts"], fileParallelism: false, testTimeout: 30_000, hookTimeout: 30_000 },
});
