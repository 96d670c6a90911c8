/** What events are signed with: the same for the API and for deliverers, and after a restart. */
import type { Env } from "@smileloop/core/env.ts";
import { WEBHOOK_QUEUE } from "@smileloop/core/jobs/outbox.ts";
import { createSigning, type Webhooks } from "@smileloop/core/webhooks/signing.ts";

/** `secret`: of the installation, where it has one; WEBHOOK_SECRET goes before it. Where messages go through SQS, events need a queue there. */
export function webhooksOf(
  { WEBHOOK_SECRET: texts = [], QUEUES }: Pick<Env, "WEBHOOK_SECRET" | "QUEUES">,
  secret?: Uint8Array,
): Webhooks {
  if (QUEUES.size > 0 && !QUEUES.has(WEBHOOK_QUEUE)) return { missing: `QUEUES names no queue \`${WEBHOOK_QUEUE}\`` };
  const [first, ...former] = [...texts.map((text) => Buffer.from(text)), ...(secret ? [secret] : [])];
  return first ? { signing: createSigning([first, ...former]) } : { missing: "WEBHOOK_SECRET is not set" };
}
