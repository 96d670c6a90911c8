import { defineConfig } from "vitest/config";

/** `npm run check:gpu`: what `gpu-container/` installs and how its Python is written; minutes the first time. */
export default defineConfig({
  test: {
    include: ["test/container/*.gpu.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
