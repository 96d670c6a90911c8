/** What a deliverer of this installation needs. */
import type { DeliverDeps } from "@smileloop/core/webhooks/deliver.ts";
import type { Deps } from "./deps.ts";

/** Throws where no events are sent here. */
export function deliverDeps({ webhooks, fetchPolicy: policy, ...deps }: Deps): DeliverDeps {
  if ("missing" in webhooks) throw new Error(`No webhooks can be sent: ${webhooks.missing}.`);
  return { ...deps, policy, signing: webhooks.signing };
}
