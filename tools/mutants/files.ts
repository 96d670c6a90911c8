const JOBS = ["sweeper", "recover", "sweep", "damaged", "children", "children-end"].map(
  (name) => `packages/core/src/jobs/${name}.test.ts`,
);

/** The files that keep promises, and the tests that should notice when one of them is broken: one after another, so the quick ones first. */
export const FILES: { file: string; tests: string[] }[] = [
  { file: "packages/core/src/concurrent.ts", tests: ["packages/core/src/concurrent.test.ts"] },
  { file: "packages/core/src/job/change.ts", tests: ["packages/core/src/job/"] },
  {
    file: "packages/core/src/jobs/jobs.ts",
    tests: [
      "packages/core/src/jobs/jobs.test.ts",
      "packages/api/src/jobs.test.ts",
      "packages/api/src/job-life.test.ts",
    ],
  },
  { file: "packages/core/src/jobs/sweep.ts", tests: JOBS },
  {
    file: "packages/core/src/jobs/sweep-damaged.ts",
    tests: ["packages/core/src/jobs/sweep-damaged.test.ts", "packages/core/src/jobs/damaged.test.ts"],
  },
  { file: "packages/core/src/jobs/close.ts", tests: JOBS },
  {
    file: "packages/core/src/jobs/recover.ts",
    tests: [...JOBS, "functions/setup/local-work.test.ts"],
  },
  {
    file: "packages/core/src/jobs/children.ts",
    tests: ["children", "children-end", "damaged"].map((name) => `packages/core/src/jobs/${name}.test.ts`),
  },
  { file: "packages/core/src/jobs/submission.ts", tests: ["packages/core/src/jobs/submission.test.ts"] },
  { file: "packages/core/src/kinds/facts.ts", tests: ["packages/core/src/kinds", "packages/api/src/intake"] },
  { file: "packages/worker/src/claim.ts", tests: ["packages/worker/src/claim.test.ts"] },
  { file: "packages/worker/src/run-job.ts", tests: ["packages/worker/src/run-job.test.ts"] },
  { file: "packages/worker/src/conclude.ts", tests: ["packages/worker/src/conclude.test.ts"] },
  { file: "packages/api/src/intake/check.ts", tests: ["packages/api/src/intake"] },
  { file: "packages/api/src/access.ts", tests: ["packages/api/src/access.test.ts"] },
  {
    file: "packages/core/src/storage/local-links.ts",
    tests: ["packages/core/src/storage", "packages/api/src/uploads.test.ts"],
  },
  { file: "packages/engine/src/check/demands.ts", tests: ["packages/engine/src/check/demands.test.ts"] },
];
