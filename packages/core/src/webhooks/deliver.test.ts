/** From the end of a job to a receiver on loopback, on a clock that the test holds. */
import { afterEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../../../test/support/memory-store.ts";
import { openReceiver, type Receiver, type Reply } from "../../../../test/support/receiver.ts";
import { RETRY_DELAYS_MS } from "../job/deliveries.ts";
import { newId } from "../job/ids.ts";
import { outputKey } from "../job/keys.ts";
import { newWebhook } from "../job/webhook.ts";
import { deleteJob } from "../jobs/close.ts";
import { createJob, updateJob } from "../jobs/jobs.ts";
import { recover } from "../jobs/recover.ts";
import { replayWebhook } from "../jobs/replay.ts";
import { sweepOnce } from "../jobs/sweep.ts";
import { type DeliverDeps, deliverEvent, runDeliverer } from "./deliver.ts";
import { createSigning } from "./signing.ts";

const opened: Receiver[] = [];
afterEach(async () => {
  for (const receiver of opened.splice(0)) await receiver.close();
});
const never = new AbortController().signal;

/** A store with a receiver whose answers are given, and a job that reports to it. */
async function reporting(answer?: (nth: number) => Reply) {
  const receiver = await openReceiver(answer);
  opened.push(receiver);
  const store = memoryStore();
  const policy = { hosts: [{ host: "127.0.0.1", port: receiver.port }], places: [] };
  const deps: DeliverDeps = { ...store, policy, signing: createSigning([Buffer.alloc(32)]) };
  const { record } = await createJob(store, {
    ...{
      id: newId(store.clock.now()),
      owner: "ann",
      kind: "animate",
      queue: "warp",
      engine: "warp",
      estimateSeconds: 1,
    },
    ...{ params: {}, metadata: { order: "7" }, storeInputs: async () => ({}) },
    webhook: newWebhook({ url: receiver.url(), base: "https://api.example" }),
  });
  const { id } = record;
  const end = async () => {
    await store.claimed(id);
    const output = {
      key: outputKey("ann", id, 1, "video"),
      attempt: 1,
      type: "video/mp4",
      bytes: 5,
      sha256: "ab",
      width: 2,
    };
    const result = { outputs: { video: output }, engineVersion: "1", warnings: [], timings: {} };
    await updateJob(store, "ann", id, () => ({ by: "holder", token: "mine", do: "succeed", ...result }));
  };
  /** Sees through all messages that wait now, as a deliverer does. */
  const deliver = async () => {
    let count = 0;
    for (;;) {
      const message = await store.queue.receive("webhooks", { leaseMs: 60_000, waitMs: 0, signal: never });
      if (!message) return count;
      const againMs = await deliverEvent(deps, message, never);
      await (againMs === null ? message.ack() : message.retryAfter(againMs));
      count++;
    }
  };
  const hook = async () => (await store.read(id)).webhook!;
  const ids = () => receiver.received.map(({ headers }) => headers["webhook-id"]);
  return { ...store, store, deps, receiver, id, end, deliver, hook, ids };
}

const failing = () => ({ status: 500 });
const times = <T>(count: number, make: (nth: number) => T) => Array.from({ length: count }, (_, nth) => make(nth));

describe("the event of a job", () => {
  test("is sent once it has ended, and not before, signed and small", async () => {
    const { id, end, deliver, hook, receiver } = await reporting();
    expect(await deliver()).toBe(0);
    expect(await hook()).toMatchObject({ state: "waiting", event: null, next_at: null });
    await end();
    await deliver();
    expect(receiver.received).toHaveLength(1);
    const [{ method, path, headers, body }] = receiver.received as [Receiver["received"][number]];
    expect([method, path]).toEqual(["POST", "/hook"]);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": `msg_${id}_succeeded`,
      "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
      "webhook-signature": expect.stringMatching(/^v1,\S{44} v1a,\S{88}$/),
    });
    expect(JSON.parse(body)).toEqual({
      type: "job.succeeded",
      timestamp: "2026-01-02T03:04:05.000Z",
      data: {
        ...{ id, kind: "animate", status: "succeeded", metadata: { order: "7" }, error: null, warnings: [] },
        outputs: {
          video: {
            url: `https://api.example/v1/jobs/${id}/outputs/video`,
            ...{ content_type: "video/mp4", bytes: 5, sha256: "ab", width: 2 },
          },
        },
        ...{ created_at: "2026-01-02T03:04:05.000Z", finished_at: "2026-01-02T03:04:05.000Z" },
        expires_at: "2026-01-02T04:04:05.000Z",
      },
    });
    expect(await hook()).toMatchObject({ state: "delivered", next_at: null, attempts: [{ status: 204, error: null }] });
  });

  test("tells of a failure and of a cancel, too", async () => {
    const failed = await reporting();
    await failed.claimed(failed.id);
    const error = { code: "no_face", detail: "No face was found.", input: "image" } as const;
    await updateJob(failed.store, "ann", failed.id, () => ({ by: "holder", token: "mine", do: "fail", error }));
    await failed.deliver();
    expect(JSON.parse(failed.receiver.received[0]!.body)).toMatchObject({
      type: "job.failed",
      data: { status: "failed", error: { ...error, retryable: false }, outputs: {} },
    });
    const canceled = await reporting();
    await canceled.cancel(canceled.id);
    await canceled.deliver();
    expect(JSON.parse(canceled.receiver.received[0]!.body)).toMatchObject({ type: "job.canceled" });
    expect(canceled.ids()).toEqual([`msg_${canceled.id}_canceled`]);
  });

  test("is tried again for most of a day under one id, then given up; an hour later it says that the files are gone", async () => {
    const { end, deliver, hook, receiver, clock, ids, store } = await reporting(failing);
    await end();
    const startMs = clock.now();
    const sent: number[] = [];
    for (let minute = 0; minute < 20 * 60; minute++) {
      for (const ms of minute === 0 ? [0, 5000, 55_000] : [0, 60_000]) {
        await clock.advance(ms);
        const before = receiver.received.length;
        await deliver();
        sent.push(...times(receiver.received.length - before, () => clock.now() - startMs));
      }
      await sweepOnce(store);
    }
    const waits = sent.slice(1).map((atMs, nth) => atMs - sent[nth]!);
    expect(waits).toHaveLength(RETRY_DELAYS_MS.length);
    // a sweep is due each minute
    for (const [nth, ms] of RETRY_DELAYS_MS.entries()) {
      expect(waits[nth]! - ms).toBeGreaterThanOrEqual(0);
      expect(waits[nth]! - ms).toBeLessThan(2 * 60_000);
    }
    expect(new Set(ids()).size).toBe(1);
    const statuses = receiver.received.map(({ body }) => JSON.parse(body).data.status);
    expect(statuses).toEqual([...times(4, () => "succeeded"), ...times(3, () => "expired")]);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body));
    expect(new Set(bodies.map(({ type, timestamp }) => `${type} ${timestamp}`)).size).toBe(1);
    expect(bodies.at(-1).data.outputs).toEqual({});
    const given = await hook();
    expect(given).toMatchObject({ state: "failed", next_at: null });
    expect(given.attempts.map(({ status, error }) => `${status} ${error}`)).toEqual(
      times(7, () => "500 The receiver answered 500."),
    );
  }, 60_000);

  test("is given up at once where the receiver says 410, and can be replayed", async () => {
    const { id, end, deliver, hook, receiver, clock, store, ids } = await reporting((nth) => ({
      status: nth === 0 ? 410 : 200,
    }));
    await end();
    await deliver();
    expect(await hook()).toMatchObject({ state: "disabled", next_at: null });
    await clock.advance(30 * 60_000);
    await sweepOnce(store);
    expect(await deliver()).toBe(0);
    await replayWebhook(store, "ann", id);
    await deliver();
    expect(await hook()).toMatchObject({ state: "delivered" });
    expect(new Set(ids()).size).toBe(1);
    expect(receiver.received).toHaveLength(2);
  });

  test("waits as long as the receiver asks for, but not for ever", async () => {
    const retryAfter = ["20", "999999999", "Fri, 02 Jan 2026 03:30:00 GMT"];
    for (const [nth, text] of retryAfter.entries()) {
      const { end, deliver, hook, clock } = await reporting(() => ({ status: 429, headers: { "Retry-After": text } }));
      await end();
      await deliver();
      const waitMs = (await hook()).next_at! - clock.now();
      expect(waitMs).toBe([20_000, 10 * 3_600_000, Date.parse(text) - clock.now()][nth]);
    }
  });

  test("follows no redirect", async () => {
    const other = await openReceiver();
    opened.push(other);
    const { end, deliver, hook } = await reporting(() => ({ status: 302, headers: { Location: other.url() } }));
    await end();
    await deliver();
    expect(other.received).toEqual([]);
    expect((await hook()).attempts).toMatchObject([
      { status: 302, error: expect.stringMatching(/^302: redirects are not/) },
    ]);
  });

  test("is not sent to a name that has become a private address", async () => {
    const { deps, end, hook, receiver, id } = await reporting();
    await end();
    await deliverEvent({ ...deps, policy: { hosts: [], places: [] } }, { owner: "ann", id }, never);
    expect(receiver.received).toEqual([]);
    expect((await hook()).attempts).toMatchObject([{ status: null, error: expect.stringMatching(/^Port \d+ of 127/) }]);
  });

  test("counts a receiver that is silent, and one that is not there, as failed", async () => {
    const silent = await reporting(() => "silent");
    await silent.end();
    await deliverEvent({ ...silent.deps, receiverMs: 50 }, { owner: "ann", id: silent.id }, never);
    expect((await silent.hook()).attempts).toMatchObject([{ status: null, error: "No answer in time." }]);
    const gone = await reporting();
    await gone.receiver.close();
    opened.splice(opened.indexOf(gone.receiver), 1);
    await gone.end();
    await gone.deliver();
    expect((await gone.hook()).attempts).toMatchObject([{ status: null, error: "No answer (ECONNREFUSED)." }]);
  });

  test("is sent by one of two deliverers that have the same message", async () => {
    const { deps, end, receiver, id, hook } = await reporting();
    await end();
    const both = await Promise.all(times(2, () => deliverEvent(deps, { owner: "ann", id }, never)));
    expect(receiver.received).toHaveLength(1);
    // the other looks again once the first would have ended
    expect(both.filter((againMs) => againMs !== null)).toHaveLength(1);
    expect(await hook()).toMatchObject({ state: "delivered", tries: 1 });
  });

  test("is sent again under the same id after a deliverer has died on the way", async () => {
    const { deps, end, receiver, id, hook, clock, ids, deliver } = await reporting((nth) =>
      nth === 0 ? "silent" : { status: 200 },
    );
    await end();
    const dies = new AbortController();
    const work = deliverEvent(deps, { owner: "ann", id }, dies.signal).catch((error: Error) => error.message);
    await expect.poll(() => receiver.received.length).toBe(1);
    dies.abort(new Error("killed"));
    expect(await work).toBe("killed");
    await deliver();
    expect(receiver.received).toHaveLength(1);
    await clock.advance(61_000);
    await deliver();
    expect(new Set(ids()).size).toBe(1);
    expect(receiver.received).toHaveLength(2);
    expect(await hook()).toMatchObject({ state: "delivered", tries: 2 });
  });

  test("whose message is lost is found by the sweeper", async () => {
    const { end, messages, deliver, receiver, clock, store } = await reporting();
    await end();
    expect(await messages("webhooks")).toHaveLength(1);
    await clock.advance(5 * 60_000 + 1000);
    await sweepOnce(store);
    await deliver();
    expect(receiver.received).toHaveLength(1);
  });

  test("is sent by the server that comes after one that ended between the job's end and the delivery", async () => {
    const { end, messages, deliver, receiver, store } = await reporting();
    await end();
    await messages("webhooks");
    await recover(store, { exclusive: true });
    await deliver();
    expect(receiver.received).toHaveLength(1);
  });

  test("is not sent once the job is deleted", async () => {
    const { id, end, deliver, receiver, store, clock } = await reporting();
    await end();
    await deleteJob(store, "ann", id);
    await deliver();
    await clock.advance(60 * 60_000);
    await sweepOnce(store);
    await deliver();
    expect(receiver.received).toEqual([]);
    await expect(replayWebhook(store, "ann", id)).rejects.toMatchObject({ code: "conflict" });
  });

  test("can be replayed, also after the files are gone, but not before the job has ended", async () => {
    const { id, end, deliver, receiver, store, clock, read } = await reporting();
    await expect(replayWebhook(store, "ann", id)).rejects.toMatchObject({
      message: expect.stringMatching(/not ended/),
    });
    await end();
    await deliver();
    await clock.advance(61 * 60_000);
    await sweepOnce(store);
    expect((await read(id)).state).toBe("expired");
    await replayWebhook(store, "ann", id);
    await deliver();
    expect(receiver.received).toHaveLength(2);
    expect(JSON.parse(receiver.received[1]!.body)).toMatchObject({
      type: "job.succeeded",
      data: { status: "expired" },
    });
    const none = await store.newJob();
    await expect(replayWebhook(store, "ann", none.id)).rejects.toMatchObject({
      message: expect.stringMatching(/no webhook/),
    });
  });
});

test("a try that a replay has overtaken, or that counted as lost, settles nothing but by its success", async () => {
  const { id, end, store, hook, clock } = await reporting();
  await end();
  const begin = () => updateJob(store, "ann", id, () => ({ by: "deliverer", do: "deliver" }));
  const settle = async (nth: number, outcome: "delivered" | "failed") => {
    const attempt = { at: clock.now(), status: outcome === "failed" ? 500 : 200, ms: 1, error: null };
    await updateJob(store, "ann", id, () => ({ by: "deliverer", do: "delivered", nth, outcome, attempt }));
    return hook();
  };
  await begin();
  await clock.advance(60_000);
  await begin();
  const dueMs = (await hook()).next_at;
  expect(await settle(1, "failed")).toMatchObject({ state: "pending", next_at: dueMs, attempts: [{ status: 500 }] });
  expect(await settle(1, "delivered")).toMatchObject({ state: "delivered", next_at: null });
  expect(await settle(2, "failed")).toMatchObject({ state: "delivered", attempts: [{}, {}, { status: 500 }] });
  await replayWebhook(store, "ann", id);
  expect(await settle(2, "delivered")).toMatchObject({ state: "pending", next_at: clock.now() });
});

test("a deliverer serves its queue until it is stopped, and cuts off what takes too long", async () => {
  const quick = await reporting();
  const stop = new AbortController();
  const running = runDeliverer(quick.deps, { signal: stop.signal });
  await quick.end();
  await expect.poll(async () => (await quick.hook()).state).toBe("delivered");
  stop.abort();
  await running;
  const slow = await reporting(() => "silent");
  await slow.end();
  const again = new AbortController();
  const waiting = runDeliverer(slow.deps, { signal: again.signal, graceMs: 0 });
  await expect.poll(() => slow.receiver.received.length).toBe(1);
  again.abort();
  await waiting;
  expect(await slow.hook()).toMatchObject({ state: "pending", attempts: [] });
});

test("a host that never answers holds four deliveries, and events of others go past it", async () => {
  const [silent, quick] = [await openReceiver(() => "silent"), await openReceiver()];
  opened.push(silent, quick);
  const store = memoryStore();
  const hosts = [silent, quick].map(({ port }) => ({ host: "127.0.0.1", port }));
  const deps = { ...store, policy: { hosts, places: [] }, signing: createSigning([Buffer.alloc(32)]) };
  const canceled = async (owner: string, { url }: Receiver) => {
    const { record } = await createJob(store, {
      ...{ id: newId(store.clock.now()), owner, kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1 },
      ...{ params: {}, metadata: {}, storeInputs: async () => ({}) },
      webhook: newWebhook({ url: url(), base: "https://api.example" }),
    });
    await updateJob(store, owner, record.id, () => ({ by: "api", do: "cancel" }));
  };
  for (let n = 0; n < 70; n++) await canceled(`anon-${n}`, silent);
  const stop = new AbortController();
  const running = runDeliverer(deps, { signal: stop.signal, graceMs: 0 });
  await expect.poll(() => silent.received.length).toBe(4);
  await canceled("ann", quick);
  await expect.poll(() => quick.received.length).toBe(1);
  expect(silent.received).toHaveLength(4);
  stop.abort();
  await running;
});
