import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf } from "../../../../test/conformance/cases.ts";
import { openSqs, type SqsHome } from "../../../../test/support/sqs.ts";
import { systemClock } from "../clock.ts";
import { childId, newId } from "../job/ids.ts";
import { createSqsClient, type SqsQueue, sqsQueue } from "./sqs.ts";

let home: SqsHome;
let queue: SqsQueue;
beforeEach(async () => {
  home = await openSqs(["warp"], { maxReceiveCount: 2 });
  queue = sqsQueue({ ...home, clock: systemClock });
});
afterEach(() => home.close());

const { signal } = new AbortController();
const job = () => ({ queue: "warp", owner: "ann", id: newId(0) });
const receive = (leaseMs = 30_000, waitMs = 0) => queue.receive("warp", { leaseMs, waitMs, signal });
const sendAll = async (count: number) => {
  const jobs = Array.from({ length: count }, job);
  for (const each of jobs) await queue.send(each);
  return jobs.map(({ id }) => id);
};
const receiveAll = async () => {
  const ids: string[] = [];
  for (let next = await receive(); next; next = await receive()) ids.push(next.id);
  return ids;
};
const sent = (action: string) => home.calls.filter((call) => call.action === action).map(({ body }) => body);

describe("messages in SQS", () => {
  it("say owner and id, in the owner's group", async () => {
    const one = job();
    await queue.send(one, { delayMs: 1_000_000 });
    expect(sent("SendMessage")).toEqual([
      {
        QueueUrl: home.urls.warp,
        MessageBody: JSON.stringify({ owner: "ann", id: one.id }),
        MessageGroupId: "ann",
        DelaySeconds: 900,
      },
    ]);
  });

  it("of a plan's children are in a group of their own", async () => {
    const root = newId(0);
    for (const n of [0, 1]) await queue.send({ ...job(), id: childId(root, n) });
    expect(sent("SendMessage").map(({ MessageGroupId }) => MessageGroupId)).toEqual([root, root]);
  });

  it("are sent ten in a call, each queue's together", async () => {
    const root = newId(0);
    const jobs = Array.from({ length: 21 }, (_, n) => ({ ...job(), id: childId(root, n) }));
    await queue.sendAll(jobs);
    const batches = sent("SendMessageBatch") as { Entries: { MessageGroupId: string }[] }[];
    expect(batches.map(({ Entries }) => Entries.length)).toEqual([10, 10, 1]);
    expect(new Set(batches.flatMap(({ Entries }) => Entries.map((each) => each.MessageGroupId)))).toEqual(
      new Set([root]),
    );
    expect((await receiveAll()).sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  it("may be lost, doubled, late and out of order", async () => {
    home.plan((n) => [[], [{}, {}], [{ afterSends: 2 }], [{}], [{}]][n]!);
    const [, doubled, late, fourth, fifth] = await sendAll(5);
    expect(await receiveAll()).toEqual([doubled, doubled, fourth, fifth, late]);
  });

  it("are waited for by long polls", async () => {
    const waiting = receive(60_000, 30_000);
    await expect.poll(() => home.open, { interval: 2 }).toBe(1);
    const [id] = await sendAll(1);
    expect((await waiting)?.id).toBe(id);
    expect(sent("ReceiveMessage")).toMatchObject([{ WaitTimeSeconds: 20, VisibilityTimeout: 60 }]);
  });

  it("that were lost to another are left alone from then on", async () => {
    await sendAll(1);
    const lost = (await receive(0))!;
    const holder = (await receive())!;
    for (let beat = 0; beat < 3; beat++) await lost.extend(90_000);
    await lost.ack();
    expect(sent("ChangeMessageVisibility")).toHaveLength(1);
    await holder.extend(90_000);
    await holder.ack();
    expect(await queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
  });

  it("that cannot be read go to the dead letters, and hold up nobody", async () => {
    await home.sendText("warp", "what is this?");
    const [id] = await sendAll(1);
    expect([await receive(0), (await receive())?.id]).toEqual([null, id]);
    expect([await receive(0), await receive(0)]).toEqual([null, null]);
    const { depth } = sqsQueue({ ...home, urls: { dead: home.urls["warp-dead"]! }, clock: systemClock });
    expect(await depth("dead")).toEqual({ waiting: 1, held: 0 });
  });

  it("are taken from the event of a function, too", async () => {
    const one = job();
    await queue.send(one);
    const received = (body: string) => queue.received("warp", { body, receiptHandle: "handle" });
    expect(received(JSON.stringify({ owner: "ann", id: one.id }))).toMatchObject(one);
    expect([received("?"), received('{"owner":"ann"}'), received('{"owner":1,"id":"x"}')]).toEqual([null, null, null]);
  });

  it("cannot be sent where there is no queue, or no SQS", async () => {
    expect(await codeOf(() => queue.send({ ...job(), queue: "other" }))).toBe("internal");
    const credentials = { accessKeyId: "x", secretAccessKey: "y" };
    const client = createSqsClient({ region: "us-east-1", endpoint: "http://127.0.0.1:9", credentials });
    const away = sqsQueue({ client, urls: home.urls, clock: systemClock });
    expect(await codeOf(() => away.send(job()))).toBe("unavailable");
    expect(await codeOf(() => away.sendAll([job()]))).toBe("unavailable");
    client.destroy();
  });
});
