/** What every adapter of `Queue` does (packages/core/src/queue.ts). */
import { childId, newId } from "@smileloop/core/job/ids.ts";
import type { Message, Queue } from "@smileloop/core/queue.ts";
import { expect } from "vitest";
import type { ManualClock } from "../support/manual-clock.ts";
import { type Skip, suite } from "./cases.ts";

export type QueueHome = { queue: Queue; clock: ManualClock; close(): Promise<void> };

const signal = new AbortController().signal;
const now = { leaseMs: 30_000, waitMs: 0, signal };
const job = (owner = "ann", queue = "warp") => ({ queue, owner, id: newId(0) });
const idOf = (message: Message | null) => message?.id ?? null;

export function queueSuite(name: string, open: () => Promise<QueueHome>, options: { skip?: Skip } = {}): void {
  suite(`queue: ${name}`, open, options.skip ?? [], {
    "a message is received once, and gone after its ack": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent);
      const message = await queue.receive("warp", now);
      expect(message).toMatchObject(sent);
      expect(await queue.receive("warp", now)).toBeNull();
      expect(await queue.depth("warp")).toEqual({ waiting: 0, held: 1 });
      await message!.ack();
      await clock.advance(120_000);
      expect(await queue.receive("warp", now)).toBeNull();
      expect(await queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
    },

    "many are sent at once, each to its own queue": async ({ queue }) => {
      const sent = Array.from({ length: 23 }, (_, n) => job("ann", n % 10 === 3 ? "liveportrait" : "warp"));
      await queue.sendAll(sent);
      await queue.sendAll([]);
      for (const name of ["warp", "liveportrait"]) {
        const received: string[] = [];
        for (let next = await queue.receive(name, now); next; next = await queue.receive(name, now))
          received.push(next.id);
        const expected = sent.filter((each) => each.queue === name).map(({ id }) => id);
        expect(received.sort()).toEqual(expected.sort());
      }
    },

    "the age of what waits is told, or not known": async ({ queue, clock }) => {
      expect(await queue.oldestMs("warp")).toBeNull();
      await queue.send(job());
      await clock.advance(5000);
      await queue.send(job());
      expect([5000, null]).toContain(await queue.oldestMs("warp"));
      await queue.receive("warp", now);
      expect([0, null]).toContain(await queue.oldestMs("warp"));
    },

    "it comes again when the lease has run out": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent);
      await queue.receive("warp", now);
      await clock.advance(29_999);
      expect(await queue.receive("warp", now)).toBeNull();
      await clock.advance(1);
      expect(idOf(await queue.receive("warp", now))).toBe(sent.id);
    },

    "a heartbeat keeps the lease": async ({ queue, clock }) => {
      await queue.send(job());
      const message = await queue.receive("warp", now);
      for (let beat = 0; beat < 5; beat++) {
        await clock.advance(20_000);
        await message!.extend(30_000);
        expect(await queue.receive("warp", now)).toBeNull();
      }
      await clock.advance(30_000);
      expect(await queue.receive("warp", now)).not.toBeNull();
    },

    "whoever lost the lease changes nothing": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent);
      const late = await queue.receive("warp", now);
      await clock.advance(30_000);
      const holder = await queue.receive("warp", now);
      expect(idOf(holder)).toBe(sent.id);
      await late!.ack();
      await late!.retryAfter(0);
      await late!.extend(90_000);
      expect(await queue.receive("warp", now)).toBeNull();
      await clock.advance(30_000);
      expect(idOf(await queue.receive("warp", now))).toBe(sent.id);
      await holder!.ack();
      expect((await queue.depth("warp")).held).toBe(1);
    },

    "a message that is handed back comes again after its time": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent);
      await (await queue.receive("warp", now))!.retryAfter(5000);
      expect(await queue.receive("warp", now)).toBeNull();
      await clock.advance(5000);
      expect(idOf(await queue.receive("warp", now))).toBe(sent.id);
    },

    "a message that is handed back counts as waiting": async ({ queue }) => {
      await queue.send(job());
      await (await queue.receive("warp", now))!.retryAfter(5000);
      expect(await queue.depth("warp")).toEqual({ waiting: 1, held: 0 });
    },

    "an owner's messages are counted, where that can be told": async ({ queue }) => {
      await queue.sendAll([job("ann"), job("ann"), job("bob"), job("ann", "liveportrait")]);
      await queue.send(job("ann"), { delayMs: 10_000 });
      expect([3, null]).toContain(await queue.waitingOf("warp", "ann"));
      expect([1, null]).toContain(await queue.waitingOf("warp", "bob"));
      expect([0, null]).toContain(await queue.waitingOf("warp", "carl"));
    },

    "a delayed message waits for its time": async ({ queue, clock }) => {
      const [late, soon] = [job(), job()];
      await queue.send(late, { delayMs: 10_000 });
      await queue.send(soon);
      expect(idOf(await queue.receive("warp", now))).toBe(soon.id);
      expect(await queue.receive("warp", now)).toBeNull();
      await clock.advance(10_000);
      expect(idOf(await queue.receive("warp", now))).toBe(late.id);
    },

    "a receiver that waits gets what is sent meanwhile": async ({ queue }) => {
      const waiting = [1, 2].map(() => queue.receive("warp", { ...now, waitMs: 20_000 }));
      const sent = [job("ann"), job("bob")];
      for (const each of sent) await queue.send(each);
      expect((await Promise.all(waiting)).map(idOf).sort()).toEqual(sent.map(({ id }) => id).sort());
    },

    "a receiver that waits gets what becomes ready meanwhile": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent, { delayMs: 3000 });
      const waiting = queue.receive("warp", { ...now, waitMs: 20_000 });
      await clock.advance(3000);
      expect(idOf(await waiting)).toBe(sent.id);
    },

    "waiting ends with its time and with its signal": async ({ queue, clock }) => {
      const waiting = queue.receive("warp", { ...now, waitMs: 20_000 });
      await clock.advance(20_000);
      expect(await waiting).toBeNull();
      const stop = new AbortController();
      const stopped = queue.receive("warp", { ...now, waitMs: 20_000, signal: stop.signal });
      stop.abort();
      expect(await stopped).toBeNull();
      await queue.send(job());
      expect(await queue.receive("warp", { ...now, signal: stop.signal })).toBeNull();
      expect(clock.sleepers).toBe(0);
    },

    "queues are apart": async ({ queue }) => {
      const gpu = job("ann", "liveportrait");
      await queue.send(gpu);
      expect(await queue.receive("warp", now)).toBeNull();
      expect(idOf(await queue.receive("liveportrait", now))).toBe(gpu.id);
    },

    "owners take turns, and each one's jobs keep their order": async ({ queue }) => {
      const many = Array.from({ length: 4 }, () => job("many"));
      const [one, two] = [job("one"), job("two")];
      for (const each of [...many, one, two]) await queue.send(each);
      const order: (string | null)[] = [];
      for (let i = 0; i < 6; i++) order.push(idOf(await queue.receive("warp", now)));
      expect(order).toEqual([many[0], one, two, many[1], many[2], many[3]].map((each) => each!.id));
    },

    "the children of a plan have turns of their own, beside their owner's other jobs and beside other plans": async ({
      queue,
    }) => {
      const childrenOf = (root: string) => [0, 1, 2].map((n) => ({ ...job("ann"), id: childId(root, n) }));
      const [one, two] = [childrenOf(newId(0)), childrenOf(newId(0))];
      const [single, other] = [job("ann"), job("ben")];
      for (const each of [...one, ...two, single, other]) await queue.send(each);
      const order: (string | null)[] = [];
      for (let i = 0; i < 8; i++) order.push(idOf(await queue.receive("warp", now)));
      const expected = [one[0], two[0], single, other, one[1], two[1], one[2], two[2]];
      expect(order).toEqual(expected.map((each) => each!.id));
    },

    "beside a plan another's job waits for no child but those at work, and none of both waits for ever": async ({
      queue,
    }) => {
      const root = newId(0);
      await queue.sendAll(Array.from({ length: 5000 }, (_, n) => ({ ...job("ann"), id: childId(root, n) })));
      const next = async () => idOf(await queue.receive("warp", now));
      for (let round = 0; round < 3; round++) {
        expect(await next()).toBe(childId(root, 2 * round));
        const [single, later] = [job("ben"), job("cem")];
        await queue.send(single);
        expect([0, null]).toContain(await queue.position(single));
        await queue.send(later);
        expect([await next(), await next(), await next()]).toEqual([single.id, childId(root, 2 * round + 1), later.id]);
      }
    },

    "a job that waits already is not queued twice": async ({ queue, clock }) => {
      const sent = job();
      await queue.send(sent, { delayMs: 60_000 });
      await queue.send(sent, { delayMs: 1000 });
      await queue.send(sent, { delayMs: 90_000 });
      expect((await queue.depth("warp")).waiting).toBe(1);
      await clock.advance(1000);
      const message = await queue.receive("warp", now);
      expect(idOf(message)).toBe(sent.id);
      expect(await queue.receive("warp", now)).toBeNull();
      await queue.send(sent);
      await message!.retryAfter(0);
      expect((await queue.depth("warp")).waiting).toBe(1);
    },

    "a message that nobody can handle does not hold up the rest": async ({ queue }) => {
      const [bad, good] = [job(), job()];
      await queue.send(bad);
      await queue.send(good);
      await (await queue.receive("warp", now))!.retryAfter(0);
      const next = [await queue.receive("warp", now), await queue.receive("warp", now)].map(idOf);
      expect(next.sort()).toEqual([bad.id, good.id].sort());
    },

    "the position is the number of messages that come before": async ({ queue }) => {
      const sent = ["a", "a", "a", "b", "c", "b"].map((owner) => job(owner));
      for (const each of sent) await queue.send(each);
      const positions = await Promise.all(sent.map((each) => queue.position(each)));
      expect([...positions].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      for (let turn = 0; turn < sent.length; turn++) {
        expect(sent[positions.indexOf(turn)]?.id).toBe(idOf(await queue.receive("warp", now)));
      }
      expect(await queue.position(sent[0]!)).toBeNull();
      expect(await queue.position(job())).toBeNull();
    },
  });
}
