/** Webhooks on AWS: the bundles as Lambda runs them, each with its own role, over S3 and SQS on loopback. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { lanesOf } from "../../infra/policy/engines.ts";
import { jpegBytes } from "../support/api.ts";
import { getJob, type Job, postJson, upload } from "../support/client.ts";
import { deliver } from "../support/lambda/event-source.ts";
import { startFunctionUrl } from "../support/lambda/function-url.ts";
import { openStack, type Stack } from "../support/lambda/home.ts";
import { queueCallsRefused } from "../support/lambda/roles.ts";
import type { Lambda } from "../support/lambda/runtime.ts";
import { openReceiver, type Receiver } from "../support/receiver.ts";

let stack: Stack;
let worker: Lambda;
let sender: Lambda;
let front: Awaited<ReturnType<typeof startFunctionUrl>>;
let receiver: Receiver;
let status = 500;
beforeAll(async () => {
  receiver = await openReceiver(() => ({ status }));
  stack = await openStack(["api", "webhooks", "worker-lambda"]);
  const env = { WEBHOOK_SECRET: "w".repeat(44), FETCH_ALLOW: `127.0.0.1:${receiver.port}` };
  worker = await stack.start("worker-lambda");
  sender = await stack.start("webhooks", { env });
  front = await startFunctionUrl(await stack.start("api", { env }));
});
afterAll(async () => {
  await front?.close();
  await stack?.close();
  await receiver?.close();
});

it("the event of a job is sent by its own function, tried again, and replayed; no role is asked for more than it allows", async () => {
  const image = { upload: await upload(front.url, jpegBytes()) };
  const asked = { kind: "animate", inputs: { image }, params: { preset: "nod" }, webhook: receiver.url() };
  const reply = await postJson(`${front.url}/v1/jobs`, asked);
  expect(reply.status, await reply.clone().text()).toBe(202);
  const { id } = (await reply.json()) as Job;
  const hook = async () => (await getJob(front.url, id)).webhook;
  const send = () => deliver(stack.sqs, ["webhooks"], sender);

  expect(await send()).toBeNull();
  expect(await deliver(stack.sqs, lanesOf({ name: "warp" }), worker), worker.log()).toMatchObject({ outcome: "done" });
  expect(await send(), sender.log()).toMatchObject({ outcome: "done" });
  expect(await hook()).toMatchObject({ state: "pending", attempts: [{ status: 500 }] });
  status = 200;
  await fetch(`${front.url}/v1/jobs/${id}/webhook/replay`, { method: "POST" });
  expect(await send(), sender.log()).toMatchObject({ outcome: "done" });
  expect(await hook()).toMatchObject({ state: "delivered", event: "job.succeeded", attempts: [{}, { status: 200 }] });
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);

  for (const name of ["api", "webhooks", "worker-lambda"] as const) {
    expect([name, queueCallsRefused(name, stack.sqs.calls)]).toEqual([name, []]);
  }
  const refused = stack.bucket.double.seen.filter(({ status }) => status === 403);
  expect(refused.map(({ operation, key }) => `${operation} ${key}`)).toEqual([]);
});

it("what sends events has nothing of the API and of workers in it", () => {
  const { inputs, gzipBytes } = stack.bundled.webhooks!;
  expect(inputs.filter((path) => /packages\/(api|worker|engine|cli)\/|sharp|node-av/.test(path))).toEqual([]);
  expect(gzipBytes).toBeLessThan(560_000);
});
