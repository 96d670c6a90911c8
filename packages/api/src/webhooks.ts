/** Webhooks in requests: whether this installation sends events, and where a client may have them sent. */
import { AppError } from "@smileloop/core/errors.ts";
import { checkedTarget } from "@smileloop/core/fetch/target.ts";
import { type JobWebhook, newWebhook } from "@smileloop/core/job/webhook.ts";
import { webhookPolicy } from "@smileloop/core/webhooks/post.ts";
import type { Signing } from "@smileloop/core/webhooks/signing.ts";
import type { ApiDeps } from "./deps.ts";

/** `base`: what links of this server start with for the client. `loc`: where the request names the URL. */
export type WebhookAsked = { url: string; base: string; loc: (string | number)[] };

/** Throws `not_supported` where no events are sent, and `fetch_refused`. */
export function checkedWebhook(deps: ApiDeps, { url, base, loc }: WebhookAsked): JobWebhook {
  requireSigning(deps, loc);
  return newWebhook({ url: checkedReceiver(deps, url, loc), base });
}

/** Throws `not_supported` where no events are sent. `loc`: what in the request asks for that. */
export function requireSigning({ webhooks }: Pick<ApiDeps, "webhooks">, loc?: (string | number)[]): Signing {
  if (webhooks && "signing" in webhooks) return webhooks.signing;
  const msg = `No webhooks are sent here: ${webhooks?.missing ?? "they are not set up"}.`;
  throw new AppError("not_supported", msg, loc ? { errors: [{ loc, msg, type: "not_supported" }] } : {});
}

/** The URL, checked as far as its text tells. Throws `fetch_refused`. */
export function checkedReceiver({ config }: Pick<ApiDeps, "config">, url: string, loc: (string | number)[]): string {
  try {
    return checkedTarget(url, webhookPolicy(config.fetch)).href;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message } = error;
    throw new AppError(code, message, { cause: error, errors: [{ loc, msg: message, type: code }] });
  }
}
