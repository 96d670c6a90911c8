/** Webhooks: what events are verified with, a test, and sending an event again. */
import { createRoute, z } from "@hono/zod-openapi";
import { ANONYMOUS_PREFIX } from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { MAX_URL_CHARS } from "@smileloop/core/fetch/target.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { replayWebhook } from "@smileloop/core/jobs/replay.ts";
import { testEvent } from "@smileloop/core/webhooks/event.ts";
import { postEvent } from "@smileloop/core/webhooks/post.ts";
import { JWKS_PATH } from "@smileloop/core/webhooks/signing.ts";
import { webhookAttemptSchema } from "@smileloop/core/wire/webhook.ts";
import type { ApiDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { linkOrigin } from "../http/origin.ts";
import { createCounter } from "../http/quota.ts";
import { idParams } from "../ids.ts";
import { findJob, present } from "../job-lookup.ts";
import { networkOf } from "../logins/address.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { jobSchema, rfc3339, viewJob } from "../view.ts";
import { checkedReceiver, requireSigning } from "../webhooks.ts";

/** Tests of one owner, or of all callers without a key in one network. */
const TESTS = { limit: 10, windowMs: 60_000 };

const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { "application/json": { schema } },
});

const secretSchema = z
  .object({
    secrets: z
      .array(z.string())
      .openapi({ description: "For `v1`: yours alone. The newest first; every event is signed with each." }),
    jwks_url: z.url().openapi({ description: "The keys for `v1a`, which everyone may read." }),
  })
  .openapi("WebhookSecret");
const secretRoute = createRoute({
  method: "get",
  path: "/v1/webhooks/secret",
  tags: ["Webhooks"],
  summary: "Get the secret that verifies your events",
  responses: { 200: json("The secret", secretSchema), ...problemReplies("not_supported") },
});

const key = z.object({
  ...{ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), kid: z.string() },
  ...{ use: z.literal("sig"), alg: z.literal("EdDSA") },
});
const keysRoute = createRoute({
  method: "get",
  path: JWKS_PATH,
  tags: ["Webhooks"],
  summary: "The public keys that verify events",
  description:
    "A JSON Web Key Set (RFC 7517) for signatures `v1a`: Ed25519 over `id.timestamp.body`. Empty where no events are sent.",
  responses: { 200: json("The keys", z.object({ keys: z.array(key) }).openapi("WebhookKeys")) },
});

const testRoute = createRoute({
  method: "post",
  path: "/v1/webhooks/test",
  tags: ["Webhooks"],
  summary: "Send a test event",
  description:
    "Sends one event `webhook.test` at once, signed like every other, and tells what came back. It is not tried again.",
  middleware: [limitedJson] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": { schema: z.strictObject({ url: z.string().max(MAX_URL_CHARS) }).openapi("WebhookTest") },
      },
    },
  },
  responses: {
    200: json(
      "What came back, also where it is not what it should be",
      z.object(webhookAttemptSchema.shape).openapi("WebhookAttempt"),
    ),
    ...problemReplies("malformed", "invalid_request", "not_supported", "fetch_refused", "too_many_requests"),
  },
});

const replayRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/webhook/replay",
  tags: ["Webhooks"],
  summary: "Send a job's event again",
  description:
    "Under the same `webhook-id`, with new tries where it fails. Possible until the record of the job is deleted, a day after its files.",
  request: { params: idParams },
  responses: {
    202: json("The job, whose event is due", jobSchema),
    ...problemReplies("not_found", "gone", "conflict", "not_supported", "record_unreadable"),
  },
});

export function webhookRoutes(deps: ApiDeps): Api {
  const api = newApi();
  const count = createCounter(deps.clock, TESTS);
  api.openapi(secretRoute, (c) => {
    const secrets = requireSigning(deps).secretsOf(ownerOf(c));
    c.header("Cache-Control", "no-store");
    return c.json({ secrets, jwks_url: linkOrigin(deps.config, c.req.raw) + JWKS_PATH }, 200);
  });
  api.openapi(keysRoute, (c) => {
    const { webhooks } = deps;
    c.header("Cache-Control", "public, max-age=300");
    return c.json({ keys: webhooks && "signing" in webhooks ? webhooks.signing.publicKeys() : [] }, 200);
  });
  api.openapi(testRoute, async (c) => {
    const owner = ownerOf(c);
    const signing = requireSigning(deps);
    const url = checkedReceiver(deps, c.req.valid("json").url, ["body", "url"]);
    // one person may have many tokens
    const network = owner.startsWith(ANONYMOUS_PREFIX) ? networkOf(c.req.raw, c.env) : null;
    const { refused, resetSeconds } = count(network ?? owner);
    if (refused) {
      const detail = `At most ${TESTS.limit} tests a minute are sent; the next in ${resetSeconds} s.`;
      throw new AppError("too_many_requests", detail, { retryAfterSeconds: resetSeconds });
    }
    const atMs = deps.clock.now();
    const event = testEvent(newId(atMs), atMs);
    const headers = signing.headersFor(owner, { ...event, atMs });
    const post = { clock: deps.clock, policy: deps.config.fetch, lookup: deps.lookup };
    const { attempt } = await postEvent(post, { url, headers, body: event.body }, c.req.raw.signal);
    return c.json({ ...attempt, at: rfc3339(attempt.at) }, 200);
  });
  api.openapi(replayRoute, async (c) => {
    const { owner, id } = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    requireSigning(deps);
    const { stored } = await replayWebhook(deps, owner, id);
    const record = present(stored?.record ?? null, id, deps.clock.now());
    return c.json(await viewJob(deps, record, linkOrigin(deps.config, c.req.raw)), 202);
  });
  return api;
}
