import { readEnv } from "@smileloop/core/env.ts";
import { checkedTarget } from "@smileloop/core/fetch/target.ts";
import { expect, test } from "vitest";
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
