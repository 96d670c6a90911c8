/**
 * One client that follows a job by events: what it has been told, and what it is told next. It is asked only as fast as the client reads:
 * of versions that come faster, the last is told.
 *
 * It waits (`wanted` is false) until the client reads; then it tells what is new at once, or as soon as there is something. It is over when
 * the job has ended or is gone, when the client leaves, or when the job cannot be followed any more; then it leaves the job's followers.
 *
 * A class, because a thousand of them are open at a time: functions of their own would take several kB of each.
 */
import type { Clock } from "@smileloop/core/clock.ts";
import { hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { Follower, Listener } from "./followers.ts";
import type { Beating, Pulse } from "./pulse.ts";

/** What all streams have in common. */
export type Telling = {
  /** The events of a version for a client that has been told of `sent` last; empty where nothing is new for it. */
  say(record: JobRecord, sent: JobRecord | null, origin: string): Promise<string>;
  /** The first thing that a client is sent, and what it is sent after a long silence. */
  greeting: string;
  comment: string;
  pulse: Pulse;
  clock: Clock;
  /** Whether a stream goes on while the job does; else it tells the present state alone. */
  live: boolean;
};

export type Opening = {
  record: JobRecord;
  /** Number of the version that the client has seen; NaN: none. */
  seen: number;
  origin: string;
  follower: Follower;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
};

export function eventStream(telling: Telling, opening: Opening): ReadableStream<Uint8Array> {
  return new ReadableStream(new EventStream(telling, opening), { highWaterMark: 0 });
}

const encoder = new TextEncoder();

class EventStream implements Listener, Beating {
  rev: number;
  saidMs: number;
  private readonly telling: Telling;
  private readonly origin: string;
  private readonly seen: number;
  private readonly follower: Follower;
  private readonly signal: AbortSignal;
  private controller!: ReadableStreamDefaultController<Uint8Array>;
  private latest: JobRecord;
  private sent: JobRecord | null = null;
  private greeted = false;
  private wanted = false;
  private busy = false;
  private over = false;

  constructor(telling: Telling, { record, seen, origin, follower, signal }: Opening) {
    this.telling = telling;
    this.origin = origin;
    this.seen = seen;
    this.follower = follower;
    this.signal = signal;
    this.latest = record;
    this.rev = record.rev;
    this.saidMs = telling.clock.now();
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.controller = controller;
    this.signal.addEventListener("abort", this);
    this.telling.pulse.add(this);
    this.follower.listen(this);
    if (this.signal.aborted) this.close();
  }

  /** The client reads. */
  pull(): void {
    this.wanted = true;
    void this.tell();
  }

  /** The client has left. */
  cancel(): void {
    this.leave();
  }

  handleEvent(): void {
    this.close();
  }

  take(record: JobRecord | null): void {
    if (this.over) return;
    // deleted: a client that asks again is told so
    if (record === null || record.state === "deleted") {
      this.close();
    } else {
      this.latest = record;
      this.rev = record.rev;
      void this.tell();
    }
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.leave();
    // damaged: a client that asks again is told so
    if (hasCode(error, "record_unreadable")) this.controller.close();
    else this.controller.error(error);
  }

  beat(): void {
    this.saidMs = this.telling.clock.now();
    if (this.wanted && !this.busy && !this.over) this.send(this.telling.comment);
  }

  /** Tells what is new, if the client reads. */
  private async tell(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      if (this.wanted && !this.greeted) this.greet();
      while (this.wanted && !this.over && this.sent !== this.latest) await this.tellOf(this.latest);
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  private greet(): void {
    this.greeted = true;
    this.send(this.telling.greeting);
  }

  private async tellOf(record: JobRecord): Promise<void> {
    const known = this.sent === null && this.seen >= record.rev;
    const text = known ? "" : await this.telling.say(record, this.sent, this.origin);
    if (this.over) return;
    this.sent = record;
    if (text !== "") this.send(text);
    if (isEnded(record.state) || !this.telling.live) this.close();
  }

  private send(text: string): void {
    this.wanted = false;
    this.saidMs = this.telling.clock.now();
    this.controller.enqueue(encoder.encode(text));
  }

  private close(): void {
    if (this.over) return;
    this.leave();
    this.controller.close();
  }

  private leave(): void {
    this.over = true;
    this.telling.pulse.remove(this);
    this.follower.leave();
    this.signal.removeEventListener("abort", this);
  }
}
