/** The webhook of a job as clients see it, in JSON. Times are RFC 3339 in UTC. */
import { z } from "zod";
import { WEBHOOK_EVENTS, WEBHOOK_STATES } from "../job/webhook.ts";

const time = z.iso.datetime();

export const webhookAttemptSchema = z.object({
  at: time,
  status: z.int().nullable().describe("Of the receiver's reply; null where none came."),
  ms: z.int().describe("How long it took."),
  error: z.string().nullable().describe("Why it counts as failed."),
});

export const webhookViewSchema = z.object({
  url: z.string().describe("Without its query."),
  state: z
    .enum(WEBHOOK_STATES)
    .describe("`disabled`: the receiver answered 410. `failed`: no try is left. Both can be replayed."),
  event: z.enum(WEBHOOK_EVENTS).nullable().describe("Null until the job has ended."),
  next_at: time.nullable().describe("When the next try is due."),
  attempts: z.array(webhookAttemptSchema).describe("The last ten, oldest first."),
});
export type WebhookView = z.infer<typeof webhookViewSchema>;
