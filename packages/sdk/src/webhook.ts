/** The webhook of a job; as `types.ts` held equal to the server's schema by `test/sdk/types.test.ts`. */

export type WebhookEvent = "job.succeeded" | "job.failed" | "job.canceled";

export type WebhookAttempt = {
  at: string;
  /** Of the receiver's reply; null where none came. */
  status: number | null;
  ms: number;
  /** Why it counts as failed. */
  error: string | null;
};

export type Webhook = {
  /** Without its query. */
  url: string;
  /** `disabled`: the receiver answered 410. `failed`: no try is left. Both can be replayed. */
  state: "waiting" | "pending" | "delivered" | "disabled" | "failed";
  /** Null until the job has ended. */
  event: WebhookEvent | null;
  /** When the next try is due. */
  next_at: string | null;
  /** The last ten, oldest first. */
  attempts: WebhookAttempt[];
};
