/** The sale of clean files: the way to the payment page, the right of withdrawal, and what the payment provider tells. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { isRefundable } from "@smileloop/core/job/charge-changes.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { Payments } from "@smileloop/core/payments/payments.ts";
import { PAYMENT_EVENTS_PATH } from "../access.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { handOut } from "../http/open-output.ts";
import { linkOrigin } from "../http/origin.ts";
import { openBody, type RequestBody } from "../http/request-body.ts";
import { idParams } from "../ids.ts";
import { findJob } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, answerError, newApi, problemReplies } from "../problem.ts";
import { jobSchema, viewJob } from "../view.ts";

const TAGS = ["Payments"];
const MAX_EVENT_BYTES = 512 * 1024;

const checkoutSchema = z
  .strictObject({
    waiver: z.literal(true).openapi({
      description:
        "The buyer asks for the file at once, and knows that the right of withdrawal ends when it is handed out. Has to be asked of the buyer by a box that is not ticked before.",
    }),
    return_url: z.url().max(500).optional().openapi({
      description:
        "Where the buyer comes back to, with `job` and `cs` in the query: of this server, or of an origin in CORS_ORIGINS. By default, this server's page.",
    }),
  })
  .openapi("Checkout");

const checkoutRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/checkout",
  tags: TAGS,
  summary: "Buy the clean file",
  description:
    "Answers the address of a payment page; while one is open, the same again. When the buyer is back, `GET /v1/jobs/{id}?cs=…` has the clean file among its outputs.",
  middleware: [limitedJson] as const,
  request: { params: idParams, body: { required: true, content: { "application/json": { schema: checkoutSchema } } } },
  responses: {
    200: {
      description: "The payment page",
      content: { "application/json": { schema: z.object({ url: z.url() }).openapi("CheckoutPage") } },
    },
    ...problemReplies(
      ...(["malformed", "invalid_request", "not_supported", "not_found", "gone", "conflict"] as const),
      ...(["not_ready", "payment_unavailable"] as const),
    ),
  },
});

const withdrawalSchema = z
  .object({
    refundable: z.boolean().openapi({ description: "Whether a withdrawal gives the money back without any question." }),
    amount: z.int(),
    currency: z.string(),
    state: z.string(),
  })
  .openapi("Withdrawal");
const json = { "application/json": { schema: withdrawalSchema } };
const askRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/withdrawal",
  tags: TAGS,
  summary: "See what a withdrawal would give back",
  description: "The first of two steps.",
  request: { params: idParams },
  responses: {
    200: { description: "What it would do", content: json },
    ...problemReplies("not_supported", "not_found", "gone"),
  },
});
const withdrawRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/withdrawal",
  tags: TAGS,
  summary: "Withdraw from the contract",
  description: "Closes the clean file and gives all of the money back, where it was not handed out yet.",
  middleware: [limitedJson] as const,
  request: {
    params: idParams,
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ confirm: z.literal(true) }).openapi("Confirmation") } },
    },
  },
  responses: {
    200: { description: "The job, whose file is closed", content: { "application/json": { schema: jobSchema } } },
    ...problemReplies(
      "malformed",
      "invalid_request",
      "not_supported",
      "not_found",
      "gone",
      "conflict",
      "payment_unavailable",
    ),
  },
});

const deliveryRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/delivery",
  tags: TAGS,
  summary: "Have the clean file handed out",
  description:
    "Answers the job with signed links to what was paid for. From then on, or from the first `GET /v1/jobs/{id}/outputs/{name}` of it, the payment can't be withdrawn from.",
  request: { params: idParams },
  responses: {
    200: { description: "The job", content: { "application/json": { schema: jobSchema } } },
    ...problemReplies("not_found", "not_ready", "gone", "payment_required"),
  },
});

const eventRoute = createRoute({
  method: "post",
  path: PAYMENT_EVENTS_PATH,
  tags: TAGS,
  summary: "Take an event of the payment provider",
  description: "For the provider alone, whose signature is checked. Whatever it tells is asked there again.",
  request: { body: { content: { "application/json": { schema: z.object({}) } } } },
  responses: { 204: { description: "Taken" }, ...problemReplies("bad_signature", "too_large", "not_supported") },
});

export function paymentRoutes(deps: RouteDeps): Api {
  const api = newApi();
  api.openapi(checkoutRoute, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const back = returnUrl(deps, c.req.raw, c.req.valid("json").return_url);
    back.searchParams.set("job", record.id);
    const cancel = back.href;
    // the braces have to stay as they are, and before any fragment
    const success = cancel.replace(/(?=#|$)/, "&cs={CHECKOUT_SESSION_ID}");
    return c.json({ url: await paymentsOf(deps).checkout(record, { success, cancel }) }, 200);
  });
  api.openapi(askRoute, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    paymentsOf(deps);
    return c.json(withdrawalOf(record), 200);
  });
  api.openapi(withdrawRoute, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const after = await paymentsOf(deps).withdraw(record);
    return c.json(await viewJob(deps, after, linkOrigin(deps.config, c.req.raw)), 200);
  });
  api.openapi(deliveryRoute, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const after = await handOut(deps, record);
    return c.json(await viewJob(deps, after, linkOrigin(deps.config, c.req.raw)), 200);
  });
  // the signature is over the bytes as they came, so no parser may have them first
  api.openAPIRegistry.registerPath(eventRoute);
  api.post(PAYMENT_EVENTS_PATH, async (c) => {
    const body = openBody(c.req.raw, c.env);
    try {
      await paymentsOf(deps).heard(await bytesOf(body), c.req.header("stripe-signature") ?? null);
      return c.body(null, 204);
    } catch (error) {
      return body.answer(answerError(deps)(error, c));
    }
  });
  return api;
}

function paymentsOf({ payments }: ApiDeps): Payments {
  if (!payments) throw new AppError("not_supported", "Nothing is sold here: every result is free.");
  return payments;
}

function withdrawalOf({ charge }: JobRecord): z.infer<typeof withdrawalSchema> {
  if (!charge) throw new AppError("not_found", "This job is free: there is no contract to withdraw from.");
  const { amount, currency } = charge.quote;
  return { refundable: isRefundable(charge), amount, currency, state: charge.state };
}

function returnUrl({ config }: ApiDeps, request: Request, asked: string | undefined): URL {
  const base = linkOrigin(config, request);
  if (asked === undefined) return new URL(`${base}/`);
  const url = new URL(asked);
  if (url.origin === new URL(base).origin || config.corsOrigins.includes(url.origin)) return url;
  const msg = `${url.origin} is neither this server nor in CORS_ORIGINS.`;
  throw new AppError("invalid_request", `return_url: ${msg}`, {
    errors: [{ loc: ["body", "return_url"], msg, type: "invalid_value" }],
  });
}

async function bytesOf(body: RequestBody): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await body.read(); chunk; chunk = await body.read()) {
    bytes += chunk.byteLength;
    if (bytes > MAX_EVENT_BYTES) throw new AppError("too_large", `An event has at most ${MAX_EVENT_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
