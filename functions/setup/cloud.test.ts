/** The API as Lambda calls it, over S3 and SQS on loopback; and messages as an event source brings them. */

import { rmSync } from "node:fs";
import { makeApiKey } from "@smileloop/core/api-keys.ts";
import { envSchema, readEnv } from "@smileloop/core/env.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { createLog } from "@smileloop/core/log.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import type { Message } from "@smileloop/core/queue.ts";
import type { Outcome } from "@smileloop/worker/conclude.ts";
import type { Worker } from "@smileloop/worker/worker.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../../test/support/manual-clock.ts";
import { openSqs, type SqsHome } from "../../test/support/sqs.ts";
import { openShop } from "../../test/support/worker.ts";
import { openCloudDeps } from "./cloud.ts";
import { openCloudApi } from "./cloud-api.ts";
import { openLauncher } from "./launch.ts";
import { serveQueueEvent } from "./queue-event.ts";

describe("what has to be set", () => {
  it.each([
    [{}, "BUCKET: "],
    [{ BUCKET: "smileloop-test" }, "QUEUES: "],
    [{ BUCKET: "smileloop-test", QUEUES: "warp=https://sqs.example/1/warp", ENGINES: "dance=warp" }, "ENGINES: "],
    [{ BUCKET: "smileloop-test", QUEUES: "warp=https://sqs.example/1/warp", ENGINES: "animate=magic" }, "ENGINES: "],
  ])("%o is refused by name", async (variables, words) => {
    await expect(openCloudDeps(readEnv(variables))).rejects.toThrow(words);
  });

  it("starts no API that would keep nobody out", async () => {
    const variables = { BUCKET: "smileloop-test", QUEUES: "warp=https://sqs.example/1/warp" };
    await expect(openCloudApi(readEnv(variables))).rejects.toThrow(
      /^This stack would be open .* API_KEYS .* ANONYMOUS=1/,
    );
    const app = await openCloudApi(readEnv({ ...variables, API_KEYS: makeApiKey("me").entry, LOG_LEVEL: "silent" }));
    expect((await app.fetch(new Request("https://api.example/v1/jobs"))).status).toBe(401);
  });

  it("reads queues as a list of pairs", () => {
    const env = readEnv({
      QUEUES: "warp=https://sqs.example/1/warp,liveportrait=https://sqs.example/1/lp",
      BUCKET: "abc",
    });
    expect([...env.QUEUES.keys()]).toEqual(["warp", "liveportrait"]);
    expect(() => readEnv({ QUEUES: "warp=not a url" })).toThrow("QUEUES");
    expect(envSchema.parse({}).IDLE_EXIT_S).toBeUndefined();
  });
});

const nothing = async () => {};
const NO_MESSAGE: Message = { queue: "", owner: "", id: "", extend: nothing, ack: nothing, retryAfter: nothing };

describe("workers that are started", () => {
  const QUEUES = "warp=https://sqs.example/1/warp,liveportrait=https://sqs.example/1/lp";
  const BATCH_QUEUES = "liveportrait=spot+ondemand";

  it("are those of the queues that are named", () => {
    expect(openLauncher(readEnv({ QUEUES })).queues).toEqual([]);
    const env = readEnv({ QUEUES, BATCH_QUEUES, BATCH_JOB_DEFINITION: "liveportrait=gpu-worker:3" });
    expect(openLauncher(env).queues).toEqual(["liveportrait"]);
  });

  it.each([
    [{ QUEUES, BATCH_QUEUES }, "BATCH_JOB_DEFINITION: "],
    [{ BATCH_QUEUES, BATCH_JOB_DEFINITION: "liveportrait=gpu-worker" }, "BATCH_QUEUES: "],
  ])("%o is refused by name", (variables, words) => {
    expect(() => openLauncher(readEnv(variables))).toThrow(words);
  });
});

describe("messages of an event source", () => {
  const log = createLog({ level: "silent" });
  const context = { getRemainingTimeInMillis: () => 600_000 };
  let sqs: SqsHome;
  beforeEach(async () => {
    sqs = await openSqs(["warp"]);
  });
  afterEach(() => sqs.close());

  /** A worker whose jobs end as told. */
  const workerOf = (outcome: Outcome | null): Worker => ({
    run: async () => {},
    prepare: async () => {},
    take: async (message) => {
      await (outcome?.againMs === null ? message.ack() : message.retryAfter(outcome?.againMs ?? 0));
      return outcome;
    },
    runOnce: async () => null,
    stop: async () => {},
    ready: () => true,
    trouble: () => null,
    checker: null,
    look: async () => ({ slots: 1, busy: 0, version: null, memoryBytes: null }),
  });

  async function serve(outcome: Outcome | null, body?: string) {
    const queue = sqsQueue({ ...sqs, clock: manualClock() });
    const job = { queue: "warp", owner: "local", id: newId(Date.now()) };
    await queue.send(job);
    const message = (await sqs.take("warp", 600))!;
    const record = { ...message, messageId: "m1", body: body ?? message.body };
    sqs.calls.splice(0);
    const reply = await serveQueueEvent(
      { worker: workerOf(outcome), queue, queueName: "warp", log },
      { Records: [record] },
      context,
    );
    return { failures: reply.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier), calls: sqs.calls };
  }

  it("holds the message for 90 s first, and leaves it to Lambda to delete what is done", async () => {
    const { failures, calls } = await serve({ did: "succeeded", againMs: null });
    expect(failures).toEqual([]);
    expect(calls.map(({ action, body }) => [action, body.VisibilityTimeout])).toEqual([
      ["ChangeMessageVisibility", 90],
    ]);
  });

  it("goes on holding the message of a job under way", async () => {
    const shop = openShop();
    const worker = shop.worker();
    try {
      const queue = sqsQueue({ ...sqs, clock: shop.clock });
      const { owner, id } = await shop.job({ run: "slow:700" });
      await queue.send({ queue: "warp", owner, id });
      const message = (await sqs.take("warp", 900))!;
      sqs.calls.splice(0);
      const reply = await serveQueueEvent({ worker, queue, queueName: "warp", log }, { Records: [message] }, context);
      expect([reply.batchItemFailures, (await shop.read(id)).state]).toEqual([[], "succeeded"]);
      const leases = sqs.calls.map(({ body }) => body.VisibilityTimeout);
      expect(leases.slice(0, 3)).toEqual([90, 60, 60]);
    } finally {
      await worker.stop({ graceMs: 0 });
      rmSync(shop.dir, { recursive: true, force: true });
    }
  });

  it.each([
    ["a job that somebody else has", { did: "busy", againMs: 30_000 } as const],
    ["a job that was handed back", { did: "handed_back", againMs: 0 } as const],
    ["storage that does not answer", null],
  ])("keeps %s in the queue", async (_, outcome) => {
    expect((await serve(outcome)).failures).toEqual(["m1"]);
  });

  it("knows the queue by the source that is named", async () => {
    const queue = sqsQueue({ ...sqs, clock: manualClock() });
    const messages: Message[] = [];
    const take = async (message: Message) => {
      messages.push(message);
      return { did: "succeeded", againMs: null } as const;
    };
    const body = JSON.stringify({ owner: "local", id: newId(Date.now()) });
    const record = { messageId: "m1", body, receiptHandle: "r" };
    const Records = [
      { ...record, eventSourceARN: "arn:aws:sqs:us-east-1:1:app-warp-bulk" },
      { ...record, eventSourceARN: "arn:aws:sqs:us-east-1:1:app-warp" },
      record,
    ];
    const urls = new Map([
      ["warp", "https://sqs.example/1/app-warp"],
      ["warp-bulk", "https://sqs.example/1/app-warp-bulk"],
    ]);
    const received = { ...queue, received: (name: string) => ({ ...NO_MESSAGE, queue: name }) };
    await serveQueueEvent(
      { worker: { ...workerOf(null), take }, queue: received, queueName: "warp", urls, log },
      { Records },
      context,
    );
    expect(messages.map((message) => message.queue)).toEqual(["warp-bulk", "warp", "warp"]);
  });

  it("keeps what it cannot read, for the dead-letter queue", async () => {
    const { failures, calls } = await serve({ did: "succeeded", againMs: null }, "{}");
    expect([failures, calls]).toEqual([["m1"], []]);
  });
});
