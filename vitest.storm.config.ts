import { defineConfig } from "vitest/config";

/** Five hundred jobs and all that can go wrong at once: most of a minute on both cores, so that it is no part of `npm test`. */
export default defineConfig({ test: { include: ["test/faults/*.storm.ts"] } });
