import { defineConfig } from "vitest/config";

/** The storage's suites against Ceph's gateway: slow to start, so that it is no part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/rgw/*.rgw.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
