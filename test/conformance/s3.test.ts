import { s3Files } from "@smileloop/core/files/s3.ts";
import { jobPrefix } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { openBucket } from "../support/s3.ts";
import { collect } from "./cases.ts";
import { filesSuite } from "./files.ts";
import { recordsSuite } from "./records.ts";

recordsSuite(
  "S3",
  async () => {
    const { client, bucket, clock, double, close } = await openBucket();
    const damage = async ({ owner, id }: JobRecord, text: string) => {
      const object = { body: Buffer.from(text), type: "application/json", metadata: {} };
      double.store.put(`${jobPrefix(owner, id)}job.json`, object, {});
    };
    return { records: s3Records({ client, bucket, clock }), clock, ageStepMs: 1000, damage, close };
  },
  {
    skip: [
      {
        reason: "a lifecycle rule of the bucket does it",
        tests: ["old idempotency keys are forgotten, young ones are not"],
      },
    ],
  },
);

filesSuite("S3", async () => {
  const { client, bucket, clock, double, close } = await openBucket();
  const files = s3Files({ client, bucket, clock });
  const leftovers = async () => {
    const listed = (await collect(files.list(""))).map(({ key }) => key);
    const unfinished = [...double.store.unfinished.values()].map(({ key }) => key);
    return [...double.store.keys().filter((key) => !listed.includes(key)), ...unfinished];
  };
  return { files, clock, leftovers, close };
});
