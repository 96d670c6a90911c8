/** A page that asks the API for a file which is larger than a Lambda function may send, by the bucket's rules of a deployment. */
import { s3Files } from "@smileloop/core/files/s3.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { corsRules } from "../../infra/policy.ts";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";
import { getJob, postJob, upload } from "../support/client.ts";
import { openBucket } from "../support/s3.ts";
import { deployedRules } from "../support/s3-double/cors.ts";

const PAGE = "https://page.example";

let bucket: Awaited<ReturnType<typeof openBucket>>;
let api: TestApi;
/** Where the API leads to. */
let link: string;
beforeAll(async () => {
  bucket = await openBucket({ cors: deployedRules(corsRules([PAGE])) });
  const { clock } = bucket;
  api = testApi({}, { records: s3Records(bucket), files: s3Files(bucket), clock, localLinks: null });
  await api.listen();
  const { id } = (await (await postJob(api.url, await upload(api.url, jpegBytes()))).json()) as { id: string };
  const job = { owner: "local", id };
  await api.worker.succeed(job, await api.worker.claim(job), new Uint8Array(5_000_000).fill(7));
  expect((await getJob(api.url, id)).status).toBe("succeeded");
  const reply = await fetch(`${api.url}/v1/jobs/${id}/outputs/video`, { redirect: "manual" });
  expect(reply.status).toBe(302);
  link = reply.headers.get("location")!;
});
afterAll(async () => {
  await Promise.all([api?.close(), bucket?.close()]);
});

const preflight = (origin: string, method: string, headers: string) =>
  fetch(link, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
  });

// the page's own origin where the API is on it, `null` where the request had crossed origins before
it.each([PAGE, "null"])(
  "is followed by a browser that says Origin: %s, with the headers of the request",
  async (origin) => {
    const allowed = await preflight(origin, "GET", "x-api-key,x-anonymous-token,range");
    expect([allowed.status, allowed.headers.get("access-control-allow-headers")]).toEqual([
      200,
      "x-api-key, x-anonymous-token, range",
    ]);
    const reply = await fetch(link, { headers: { origin, "x-api-key": "sl_key", range: "bytes=0-9" } });
    expect([reply.status, (await reply.arrayBuffer()).byteLength]).toEqual([206, 10]);
    expect(["*", origin]).toContain(reply.headers.get("access-control-allow-origin"));
    expect(reply.headers.get("access-control-expose-headers")).toContain("Content-Range");
  },
);

it("opens nothing: other pages put nothing, and nobody reads without the link", async () => {
  for (const method of ["PUT", "POST", "DELETE"]) {
    const refused = await preflight("https://other.example", method, "content-type");
    expect([method, refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([method, 403, null]);
  }
  expect((await preflight(PAGE, "PUT", "x-api-key")).status).toBe(403);
  expect((await fetch(link.split("?")[0]!, { headers: { origin: "null" } })).status).toBe(403);
});
