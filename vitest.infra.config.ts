import { defineConfig } from "vitest/config";

/** The stack under Pulumi's mocks; needs SST's platform, which `prepare.ts` fetches once. */
export default defineConfig({
  test: {
    include: ["test/infra/stack/*.infra.ts"],
    globalSetup: ["test/infra/stack/prepare.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
