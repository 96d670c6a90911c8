/** Events as receivers get them, in JSON. Times are RFC 3339 in UTC. */
import { z } from "zod";
import { WEBHOOK_EVENTS } from "../job/webhook.ts";
import { jobViewSchema, outputViewSchema } from "./job.ts";

const time = z.iso.datetime();
const { id, kind, status, metadata, error, warnings, created_at, expires_at } = jobViewSchema.shape;

/** The body of an event. */
export const webhookBodySchema = z.object({
  type: z.enum(WEBHOOK_EVENTS),
  timestamp: time.describe("When the job ended, whichever try this is."),
  data: z.object({
    id,
    kind,
    status: status.describe("`expired` where the event comes after the job's files are gone."),
    metadata,
    outputs: z.record(
      z.string(),
      outputViewSchema.extend({ url: z.url().describe("Lasting; it needs the key that made the job.") }),
    ),
    error,
    warnings,
    created_at,
    finished_at: time,
    expires_at,
  }),
});
export type WebhookBody = z.infer<typeof webhookBodySchema>;

export const TEST_EVENT = "webhook.test";
export type TestEvent = { type: typeof TEST_EVENT; timestamp: string; data: Record<string, never> };
