/**
 * The port to the queue. A message is a hint that a job is worth looking at: lost, late and doubled ones are harmless,
 * because the record alone says what is to be done.
 */
export type QueuedJob = { queue: string; owner: string; id: string };

export interface Message extends QueuedJob {
  /** Keeps it from being handed to others for `ms` from now. No effect once the lease was lost. */
  extend(ms: number): Promise<void>;
  /** Removes the message. No effect once the lease was lost. */
  ack(): Promise<void>;
  /** Hands it back, to be received again after `ms`. */
  retryAfter(ms: number): Promise<void>;
}

export interface Queue {
  send(job: QueuedJob, options?: { delayMs?: number }): Promise<void>;
  /** Sends many, each to its own queue, in as few calls as there can be. When it fails, some may have been sent. */
  sendAll(jobs: readonly QueuedJob[]): Promise<void>;
  /** Waits up to `waitMs` for a message of this queue; null when none came or the signal was aborted. */
  receive(queue: string, options: { leaseMs: number; waitMs: number; signal: AbortSignal }): Promise<Message | null>;
  /** How many messages wait or are held, about. */
  depth(queue: string): Promise<{ waiting: number; held: number }>;
  /** How many messages of an owner wait, where the queue can tell. */
  waitingOf(queue: string, owner: string): Promise<number | null>;
  /** For how long the message that has waited longest could have been received, ms; null where none waits, or the queue cannot tell. */
  oldestMs(queue: string): Promise<number | null>;
  /** How many messages will be received before this one, where the queue can tell. */
  position(job: QueuedJob): Promise<number | null>;
}
