/** The smoke test of a deployment, against one that is as it should be, and against ones that are not. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Access } from "@smileloop/core/api-keys.ts";
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { afterEach, expect, it } from "vitest";
import { corsRules } from "../../infra/policy.ts";
import { smoke } from "../../scripts/smoke.ts";
import { jpegBytes, type TestApi, testApi } from "../support/api.ts";
import { PATIENCE_MS } from "../support/processes.ts";
import { ADMIN, openBucket } from "../support/s3.ts";
import { deployedRules } from "../support/s3-double/cors.ts";
import type { CorsRule } from "../support/s3-double/server.ts";
import { openSqs } from "../support/sqs.ts";

const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(500)]);
const { key, entry } = makeApiKey("me");
const KEYS: Access = { keys: parseApiKeys(entry).keys, anonymous: false };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** The API over S3 and SQS, with a worker that does all jobs but the long one. */
async function deployment({ cors = true, listing = true } = {}) {
  const rules: CorsRule[] = [];
  const bucket = await openBucket({
    cors: rules,
    roles: [{ ...ADMIN, allows: (action) => listing || action !== "s3:ListBucket" }],
  });
  const sqs = await openSqs(["warp"]);
  const { clock } = bucket;
  const queue = sqsQueue({ ...sqs, clock });
  const home = { records: s3Records(bucket), files: s3Files(bucket), queue, clock, localLinks: null };
  const api = testApi({ access: KEYS, maxWaitMs: 0, dialectWaitMs: 0 }, home);
  await api.listen();
  if (cors) rules.push(...deployedRules(corsRules([api.url])));
  const stop = work(api);
  open.push({ close: stop }, api, sqs, bucket);
  return api;
}

function work({ deps, worker }: TestApi): () => Promise<void> {
  const stopped = new AbortController();
  const loop = async () => {
    while (!stopped.signal.aborted) {
      const options = { leaseMs: 60_000, waitMs: 1000, signal: stopped.signal };
      const message = await deps.queue.receive("warp", options);
      const record = message && (await deps.records.get(message.owner, message.id))?.record;
      if (message && record?.state === "queued" && record.params.size === 256) {
        await worker.succeed(message, await worker.claim(message), MP4);
      }
      await message?.ack();
    }
  };
  const running = loop();
  return async () => {
    stopped.abort();
    await running;
  };
}

async function run({ url }: Pick<TestApi, "url">, withKey: string | null = key) {
  const lines: string[] = [];
  const options = { url, key: withKey, photo: jpegBytes(), engine: null, patienceMs: PATIENCE_MS };
  const failed = await smoke(options, (line) => lines.push(line));
  const of = (how: string) =>
    lines.filter((line) => line.startsWith(how)).map((line) => /^\S+\s+(.*?) \(/.exec(line)?.[1]);
  return { failed, lines, failures: of("FAILED"), skipped: of("skipped") };
}

it("finds nothing wrong with a deployment that is as it should be", async () => {
  const { failed, lines, skipped } = await run(await deployment());
  expect([failed, lines.at(-1), skipped]).toEqual([0, "All is well.", ["the storage wants TLS"]]);
});

it("names what is wrong: rules for pages, the right to list", async () => {
  expect((await run(await deployment({ cors: false }))).failures).toEqual([
    "pages of its own address may upload, others may not",
    "pages may follow a redirect to it",
  ]);
  const { failures } = await run(await deployment({ listing: false }));
  expect(failures).toContain("a job that was never there is 404");
});

it("names what an address on Lambda gets wrong: the length of a HEAD, and says where a header was renamed", async () => {
  const { failures, lines } = await run(await behind(await deployment()));
  expect(failures).toContain("a HEAD tells its length");
  expect(lines.find((line) => line.includes("a refusal says how to get in"))).toMatch(/^skipped .*renames/);
});

/** The deployment behind an address that answers as a Function URL is said to. */
async function behind({ url }: TestApi): Promise<{ url: string }> {
  const server = createServer(async (request, response) => {
    const { method = "GET", headers } = request;
    const body = ["GET", "HEAD"].includes(method) ? null : Buffer.concat(await request.toArray());
    const kept = Object.entries(headers).filter(([name]) => !["connection", "content-length", "host"].includes(name));
    const options = { method, headers: Object.fromEntries(kept) as Record<string, string>, body };
    const reply = await fetch(url + request.url, { ...options, redirect: "manual" });
    const bytes = Buffer.from(await reply.arrayBuffer());
    const renamed = [...reply.headers].map(([name, value]) => [
      name.replace("www-authenticate", "x-amzn-remapped-www-authenticate"),
      value,
    ]);
    response.writeHead(reply.status, { ...Object.fromEntries(renamed), "content-length": bytes.length }).end(bytes);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  open.push({
    async close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it("goes on to the end with a key that is not known", async () => {
  const { failures, lines } = await run(await deployment(), makeApiKey("you").key);
  expect(failures).toContain("a link takes no other size");
  expect(lines.join("\n")).toContain("is missing, see above");
});
