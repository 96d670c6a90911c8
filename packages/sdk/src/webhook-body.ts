/** What a webhook is told; as `types.ts` held equal to the server's schema by `test/sdk/types.test.ts`. */
import type { Output } from "./output.ts";
import type { JobError, JobStatus, Warning } from "./types.ts";
import type { WebhookEvent } from "./webhook.ts";

/** The body of an event, once its signature is verified. */
export type WebhookBody = {
  type: WebhookEvent;
  /** When the job ended, whichever try this is. */
  timestamp: string;
  data: {
    id: string;
    kind: string;
    /** `expired` where the event comes after the job's files are gone. */
    status: JobStatus;
    metadata: Record<string, string>;
    /** With lasting addresses, which need the key that made the job. */
    outputs: Record<string, Output>;
    error: JobError | null;
    warnings: Warning[];
    created_at: string;
    finished_at: string;
    expires_at: string | null;
  };
};
