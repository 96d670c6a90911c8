/** The suites of `Records` and `Files`, and the forged requests, against an S3 that others wrote. */
import { setTimeout as delay } from "node:timers/promises";
import { createS3Client, s3Files } from "@smileloop/core/files/s3.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterAll, it } from "vitest";
import { filesSuite } from "../conformance/files.ts";
import { forgedUploadsSuite } from "../conformance/forged-uploads.ts";
import { recordsSuite } from "../conformance/records.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { type Rgw, startRgw } from "../support/rgw.ts";

const rgw = await startRgw().catch((error: Error) => error);
if (rgw instanceof Error) it.skip(`Ceph RGW (${rgw.message.trim()})`, () => {});
else runSuites(rgw);

function runSuites({ endpoint, role, createBucket, close }: Rgw): void {
  afterAll(close);
  const { accessKeyId, secretAccessKey } = role;
  const open = async () => {
    const credentials = { accessKeyId, secretAccessKey };
    const client = createS3Client({ region: "us-east-1", endpoint, credentials });
    const bucket = await createBucket();
    return { client, bucket, clock: presentClock(), close: async () => client.destroy() };
  };

  recordsSuite(
    "Ceph RGW",
    async () => {
      const home = await open();
      return { ...home, records: s3Records(home), ageStepMs: 2000 };
    },
    {
      skip: [
        {
          reason: "its clock cannot be moved on",
          tests: ["the age of records and notes counts from their last write"],
        },
        {
          reason: "a lifecycle rule of the bucket does it",
          tests: ["old idempotency keys are forgotten, young ones are not"],
        },
      ],
    },
  );

  filesSuite(
    "Ceph RGW",
    async () => {
      const home = await open();
      return { ...home, files: s3Files(home), leftovers: async () => [], timeStepMs: 2000 };
    },
    {
      skip: [
        {
          reason: "this version knows no conditions on copies",
          tests: ["a copy is the same file under another key, and lives on by itself"],
        },
        {
          reason: "this version knows no conditions on the end of a multipart upload: the last one is seen",
          tests: ["of two writers of a large file one has stored it"],
        },
      ],
    },
  );

  forgedUploadsSuite(
    "Ceph RGW",
    async () => {
      const home = await open();
      const files = (offsetMs = 0) => s3Files({ ...home, clock: { ...home.clock, now: () => Date.now() + offsetMs } });
      const credentials = { accessKeyId, secretAccessKey: "guessed" };
      const client = createS3Client({ region: "us-east-1", endpoint, credentials });
      return { ...home, files, stranger: s3Files({ ...home, client }), origin: endpoint, nowMs: () => Date.now() };
    },
    {
      skip: [
        {
          reason: "this version does not look at sha256",
          tests: ["other bytes than the announced ones are refused"],
        },
      ],
    },
  );
}

/** Moves on by itself; small steps are waited for. */
function presentClock(): ManualClock {
  return {
    now: () => Date.now(),
    sleep: (ms) => delay(ms),
    advance: (ms) => (ms > 100 ? Promise.reject(new Error("that would take too long")) : delay(ms)),
    sleepers: 0,
  };
}
