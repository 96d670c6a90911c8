import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { testApi } from "../support/api.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { forgedUploadsSuite } from "./forged-uploads.ts";

forgedUploadsSuite("our own route", async () => {
  const api = testApi();
  await api.listen();
  const { files, clock } = api.deps;
  const stranger = memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32, 99)) });
  return { files: () => files, stranger, origin: api.url, nowMs: () => clock.now(), close: api.close };
});

forgedUploadsSuite("S3", async () => {
  const { client, clientOf, bucket, clock, double, close } = await openBucket();
  const files = (offsetMs = 0) => {
    const behind = { ...clock, now: () => clock.now() + offsetMs };
    return s3Files({ client, bucket, clock: behind });
  };
  const stranger = s3Files({ client: clientOf({ ...ADMIN, secretAccessKey: "guessed" }), bucket, clock });
  return { files, stranger, origin: double.endpoint, nowMs: () => clock.now(), close };
});
