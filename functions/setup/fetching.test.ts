import { readEnv } from "@smileloop/core/env.ts";
import { checkedTarget } from "@smileloop/core/fetch/target.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { createFetcher } from "@smileloop/worker/fetch/fetch-file.ts";
import { expect, test } from "vitest";
import { jpegBytes } from "../../test/support/api.ts";
import { only } from "../../test/support/job-calls.ts";
import { openBucket } from "../../test/support/s3.ts";
import { fetchPolicy } from "./fetching.ts";

test.each<[string, Record<string, string>, string[]]>([
  ["nothing, by itself", {}, []],
  ["the API as clients see it", { PUBLIC_URL: "https://smile.lan/app/" }, ["https://smile.lan/app/"]],
  [
    "a bucket of AWS, by both of its addresses",
    { BUCKET: "Clips", AWS_REGION: "eu-west-1" },
    ["https://clips.s3.eu-west-1.amazonaws.com/", "https://s3.eu-west-1.amazonaws.com/Clips/"],
  ],
  [
    "a bucket elsewhere, and nothing beside it",
    { BUCKET: "clips", S3_ENDPOINT: "http://10.0.0.7:9000/" },
    ["http://10.0.0.7:9000/clips/"],
  ],
])("allowed is %s", (_, env, places) => {
  expect(fetchPolicy(readEnv(env))).toEqual({ hosts: [], places });
});

test("a link to the bucket is fetched wherever that is, and what the operator allows", () => {
  const policy = fetchPolicy(
    readEnv({ BUCKET: "clips", S3_ENDPOINT: "http://10.0.0.7:9000", FETCH_ALLOW: "media.lan,10.0.0.5:9000" }),
  );
  for (const url of ["http://10.0.0.7:9000/clips/a?X-Amz-Signature=1", "http://media.lan/a", "http://10.0.0.5:9000/a"])
    expect(checkedTarget(url, policy).href).toBe(url);
  expect(() => checkedTarget("http://10.0.0.7:9000/others/a", policy)).toThrow("not fetched from");
});

test("a worker fetches by a link to a private bucket, whose address nobody has allowed, and by no other path of it", async () => {
  const { bucket, double, client, clock, close } = await openBucket();
  const files = s3Files({ client, bucket, clock });
  const key = "jobs/ann/x/out/1/poster.jpg";
  await files.put(key, only(jpegBytes()), { type: "image/jpeg" });
  const policy = fetchPolicy(readEnv({ BUCKET: bucket, S3_ENDPOINT: double.endpoint }));
  const fetchFile = createFetcher({ policy });
  const bytesAt = (url: string) =>
    fetchFile(url, { maxBytes: 10_000, signal: new AbortController().signal }, async (chunks) => {
      let bytes = 0;
      for await (const chunk of chunks) bytes += chunk.byteLength;
      return bytes;
    });
  const link = { method: "GET", expiresAtMs: clock.now() + 60_000, type: "image/jpeg", disposition: "inline" } as const;
  expect(await bytesAt(await files.link(key, link))).toBe(2000);
  await expect(bytesAt(`${double.endpoint}/${bucket}/${key}`)).rejects.toMatchObject({ code: "fetch_failed" });
  await expect(bytesAt(`${double.endpoint}/`)).rejects.toMatchObject({ code: "fetch_refused" });
  await close();
});
