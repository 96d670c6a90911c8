import { defineConfig } from "vitest/config";

/** The Python engine on a checkout of LivePortrait: slow on a CPU, so that it is no part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/liveportrait/*.lp.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
