/** `POST /v1/takedown` and its form at `/takedown`, for everybody: no key, no account. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { DECISION_MS, TAKEDOWN_KINDS } from "@smileloop/core/takedowns/takedowns.ts";
import { shown } from "@smileloop/core/text.ts";
import type { ApiDeps } from "../deps.ts";
import { createCounter } from "../http/quota.ts";
import { openBody } from "../http/request-body.ts";
import { networkOf } from "../logins/address.ts";
import { type Api, answerError, newApi, problemReplies } from "../problem.ts";
import { fileTakedown } from "../takedown/file.ts";
import { formPage, languageOf, receivedPage } from "../takedown/page.ts";
import { rfc3339 } from "../view.ts";

const HOUR_MS = 60 * 60_000;
/** Of one network, and of all together: each may start work for the operator. */
const [PER_NETWORK, IN_ALL] = [10, 500];

const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const HEADERS = { "Content-Security-Policy": POLICY, "Cache-Control": "no-store", Vary: "Accept-Language" };

const replySchema = z
  .object({
    ticket: z.string().openapi({ description: "Keep it: it names this request when you write to the operator." }),
    due_at: z.string().openapi({ description: "By when the operator has to decide." }),
  })
  .openapi("TakedownReply");

const route = createRoute({
  method: "post",
  path: "/v1/takedown",
  tags: ["Takedown"],
  summary: "Ask for something to be taken down",
  description:
    "Needs no key. The reply is the same whether there is such a file here or not. What shows somebody intimately without consent, or " +
    "somebody under age, is blocked within a minute and looked at afterwards; of other things the operator decides first.",
  request: {
    body: {
      required: true,
      content: {
        "multipart/form-data": {
          schema: z.object({
            kind: z.enum(TAKEDOWN_KINDS),
            link: z
              .string()
              .max(2000)
              .optional()
              .openapi({ description: "To a result of this server, or to where it was found." }),
            file: z
              .string()
              .optional()
              .openapi({ format: "binary", description: "The picture or video itself; it is not kept." }),
            name: z.string().max(200).openapi({ description: "Your signature." }),
            contact: z.string().max(200),
            statement: z.string().max(5000).optional(),
            good_faith: z.literal("on"),
          }),
        },
      },
    },
  },
  responses: {
    201: { description: "It was received", content: { "application/json": { schema: replySchema } } },
    ...problemReplies("malformed", "invalid_request", "too_large", "too_many_requests"),
  },
});

export function takedownRoutes(deps: ApiDeps): Api {
  const api = newApi();
  const { clock, log } = deps;
  const ofNetwork = createCounter(clock, { limit: PER_NETWORK, windowMs: HOUR_MS });
  const ofAll = createCounter(clock, { limit: IN_ALL, windowMs: HOUR_MS });
  api.get("/takedown", (c) => {
    const language = languageOf(c.req.query("lang"), c.req.header("accept-language"));
    return c.html(formPage(language), 200, { ...HEADERS, "Content-Language": language });
  });
  // the body is read as it comes, which the router's own parser would not do
  api.openAPIRegistry.registerPath(route);
  api.post("/v1/takedown", async (c) => {
    const body = openBody(c.req.raw, c.env);
    try {
      refuseQuery(c.req.query());
      const taken = [ofNetwork(networkOf(c.req.raw, c.env) ?? "unknown"), ofAll("all")];
      const full = taken.find(({ refused }) => refused);
      if (full) {
        const detail = `Too many requests at once; the next in ${full.resetSeconds} s.`;
        throw new AppError("too_many_requests", detail, { retryAfterSeconds: full.resetSeconds });
      }
      const contentType = c.req.header("content-type") ?? null;
      const { ticket, lang } = await fileTakedown(deps, body, contentType, c.req.raw.signal);
      const dueAtMs = ticket.at + DECISION_MS;
      log.warn({ ticket: ticket.id, kind: ticket.kind, due_at: rfc3339(dueAtMs) }, "takedown received");
      const wantsPage = /\btext\/html\b/i.test(c.req.header("accept") ?? "");
      if (!wantsPage) return c.json({ ticket: ticket.id, due_at: rfc3339(dueAtMs) }, 201, HEADERS);
      const language = languageOf(lang, c.req.header("accept-language"));
      return c.html(receivedPage(language, ticket.id, rfc3339(dueAtMs)), 201, HEADERS);
    } catch (error) {
      return body.answer(answerError(deps)(error, c));
    }
  });
  return api;
}

/** As every route of `/v1` does. */
function refuseQuery(query: Record<string, string>): void {
  const [name] = Object.keys(query);
  if (name === undefined) return;
  const msg = `There is no ${shown(name)} in the query here; send it in the form.`;
  const errors = [{ loc: ["query"], msg, type: "unrecognized_keys" }];
  throw new AppError("invalid_request", msg, { errors });
}
