/**
 * Stripe's Checkout on loopback, as far as it is used, and as strict: key, version, form bodies, idempotency, times, states. A test plays the
 * buyer and the bank, and has the events sent, doubled, lost, in another order, or old.
 */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const STRIPE_KEY = "sk_test_double";
export const STRIPE_SECRET = "whsec_double_secret_of_the_endpoint";

export type DoubleSession = {
  id: string;
  object: "checkout.session";
  mode: string;
  status: "open" | "complete" | "expired";
  payment_status: "paid" | "unpaid" | "no_payment_required";
  livemode: boolean;
  currency: string;
  amount_subtotal: number;
  amount_total: number;
  client_reference_id: string | null;
  metadata: Record<string, string>;
  expires_at: number;
  url: string | null;
  payment_intent: string | null;
  success_url: string;
};
type Event = { id: string; type: string; data: { object: object } };
type Intent = { id: string; refunded: number; disputed: boolean };
type Kept = { body: string; status: number; reply: object };
class Refusal extends Error {
  readonly status: number;
  readonly error: object;
  constructor(status: number, error: object) {
    super(JSON.stringify(error));
    Object.assign(this, { status, error });
    this.status = status;
    this.error = error;
  }
}

export type StripeDouble = Awaited<ReturnType<typeof stripeDouble>>;

/** `nowMs`: its clock. */
export async function stripeDouble({ nowMs }: { nowMs: () => number }) {
  const sessions = new Map<string, DoubleSession>();
  const intents = new Map<string, Intent>();
  const replies = new Map<string, Kept>();
  const events: Event[] = [];
  const requests: { method: string; path: string; idempotencyKey: string | undefined }[] = [];
  const refunds: string[] = [];
  /**
   * Statuses that the next requests are answered with instead, also when they come again under their key; `lost`: done, but the connection breaks
   * before the reply; `silent`: nothing is done, and no reply ever comes; `mute`: done, and no reply ever comes.
   */
  const failures: (number | "lost" | "silent" | "mute")[] = [];
  let count = 0;
  const say = (type: string, object: object) => {
    events.push({ id: `evt_${++count}`, type, data: { object } });
  };
  const sessionOf = (id: string) => {
    const found = sessions.get(id);
    if (!found) throw new Refusal(404, { type: "invalid_request_error", code: "resource_missing", message: id });
    if (found.status === "open" && found.expires_at * 1000 <= nowMs()) close(found);
    return found;
  };
  const close = (session: DoubleSession) => {
    Object.assign(session, { status: "expired", url: null });
    say("checkout.session.expired", { ...session });
  };
  const expanded = (session: DoubleSession) => {
    const intent = session.payment_intent ? intents.get(session.payment_intent) : undefined;
    if (!intent) return session;
    const refunded = intent.refunded >= session.amount_total;
    const charge = { id: `ch_${intent.id}`, refunded, amount_refunded: intent.refunded, disputed: intent.disputed };
    return { ...session, payment_intent: { id: intent.id, latest_charge: charge } };
  };
  const create = (form: URLSearchParams): object => {
    const of = (name: string) => form.get(name) ?? "";
    const expires_at = Number(of("expires_at"));
    const inSeconds = expires_at - nowMs() / 1000;
    if (inSeconds < 30 * 60 || inSeconds > 24 * 3600)
      throw new Refusal(400, { type: "invalid_request_error", param: "expires_at", message: "30 minutes to 24 hours" });
    for (const name of ["mode", "line_items[0][quantity]", "success_url", "payment_intent_data[metadata][job]"])
      if (of(name) === "") throw new Refusal(400, { type: "invalid_request_error", param: name, message: "missing" });
    const id = `cs_test_${++count}`;
    const amount = Number(of("line_items[0][price_data][unit_amount]")) * Number(of("line_items[0][quantity]"));
    const session: DoubleSession = {
      ...{ id, object: "checkout.session", mode: of("mode"), status: "open", payment_status: "unpaid" },
      ...{ livemode: false, currency: of("line_items[0][price_data][currency]"), expires_at },
      ...{ amount_subtotal: amount, amount_total: amount, client_reference_id: form.get("client_reference_id") },
      metadata: { job: of("metadata[job]"), owner: of("metadata[owner]") },
      ...{ url: `https://checkout.example/${id}`, payment_intent: null },
      success_url: of("success_url").replace("{CHECKOUT_SESSION_ID}", id),
    };
    sessions.set(id, session);
    return session;
  };
  const refund = (form: URLSearchParams): object => {
    const intent = intents.get(form.get("payment_intent") ?? "");
    const session = [...sessions.values()].find(({ payment_intent }) => payment_intent === intent?.id);
    if (!intent || !session) throw new Refusal(404, { type: "invalid_request_error", code: "resource_missing" });
    if (intent.refunded >= session.amount_total)
      throw new Refusal(400, { type: "invalid_request_error", code: "charge_already_refunded", message: "again" });
    intent.refunded = session.amount_total;
    refunds.push(session.id);
    say("charge.refunded", { id: `ch_${intent.id}`, payment_intent: intent.id });
    return { id: `re_${++count}`, status: "succeeded" };
  };
  const answer = (method: string, path: string, form: URLSearchParams, query: URLSearchParams): object => {
    const [, id = "", action] = /^\/v1\/checkout\/sessions\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (method === "POST" && path === "/v1/checkout/sessions") return create(form);
    if (method === "POST" && path === "/v1/refunds") return refund(form);
    if (method === "GET" && path === "/v1/checkout/sessions") {
      const asked = query.get("payment_intent");
      return { object: "list", data: [...sessions.values()].filter((each) => each.payment_intent === asked) };
    }
    if (method === "GET" && id !== "") return expanded(sessionOf(id));
    if (method === "POST" && action === "expire") {
      const session = sessionOf(id);
      if (session.status !== "open")
        throw new Refusal(400, { type: "invalid_request_error", message: `it is ${session.status}` });
      close(session);
      return session;
    }
    throw new Refusal(404, { type: "invalid_request_error", message: "no such route" });
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { pathname, searchParams } = new URL(request.url!, "http://double");
    const method = request.method!;
    const key = request.headers["idempotency-key"] as string | undefined;
    requests.push({ method, path: pathname, idempotencyKey: key });
    const failure = failures.shift();
    if (failure === "silent") return;
    if (typeof failure === "number") {
      const reply = { error: { type: "api_error", message: "down" } };
      if (key !== undefined) replies.set(key, { body, status: failure, reply });
      return send(response, failure, reply);
    }
    const { status, reply } = replied(request.headers, { method, pathname, searchParams, body, key });
    if (failure === "lost") return request.socket.destroy();
    if (failure === "mute") return;
    send(response, status, reply);
  });
  const replied = (headers: IncomingMessage["headers"], asked: Asked): { status: number; reply: object } => {
    const { method, pathname, searchParams, body, key } = asked;
    const kept = key === undefined ? undefined : replies.get(key);
    try {
      if (headers.authorization !== `Bearer ${STRIPE_KEY}`)
        throw new Refusal(401, { type: "invalid_request_error", message: "Invalid API Key" });
      if (!headers["stripe-version"])
        throw new Refusal(400, { type: "invalid_request_error", message: "no Stripe-Version" });
      if (kept && kept.body !== body)
        throw new Refusal(400, { type: "idempotency_error", message: "the same key with another body" });
      if (kept) return kept;
      const reply = structuredClone(answer(method, pathname, new URLSearchParams(body), searchParams));
      if (key !== undefined) replies.set(key, { body, status: 200, reply });
      return { status: 200, reply };
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, reply: { error: error.error } };
      throw error;
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const complete = (id: string, change: Partial<DoubleSession>) => {
    const session = sessionOf(id);
    if (session.status !== "open") throw new Error(`the session is ${session.status}`);
    const intent = { id: `pi_${++count}`, refunded: 0, disputed: false };
    intents.set(intent.id, intent);
    Object.assign(session, { status: "complete", url: null, payment_intent: intent.id, ...change });
    say("checkout.session.completed", { ...session });
    return session;
  };
  const intentOf = (id: string) => intents.get(sessionOf(id).payment_intent!)!;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ sessions, requests, refunds, events, failures },
    /** The buyer pays; `change`: what comes out otherwise than asked. */
    pay: (id: string, change: Partial<DoubleSession> = {}) => complete(id, { payment_status: "paid", ...change }),
    /** By a method that pays later. */
    payLater: (id: string) => complete(id, { payment_status: "unpaid" }),
    settleLater(id: string, paid: boolean) {
      if (paid) sessionOf(id).payment_status = "paid";
      say(`checkout.session.async_payment_${paid ? "succeeded" : "failed"}`, { ...sessionOf(id) });
    },
    refundByHand(id: string) {
      refund(new URLSearchParams({ payment_intent: sessionOf(id).payment_intent! }));
    },
    /** The buyer's bank does not take back what was refunded. */
    failRefund(id: string) {
      const { payment_intent } = sessionOf(id);
      intents.get(payment_intent!)!.refunded = 0;
      say("refund.failed", { id: "re_1", payment_intent });
    },
    dispute(id: string) {
      intentOf(id).disputed = true;
      say("charge.dispute.created", { id: "dp_1", payment_intent: intentOf(id).id });
    },
    expire: (id: string) => close(sessionOf(id)),
    /** Takes the events that nobody was sent yet. */
    take: () => events.splice(0),
    signed: (event: object, options: { atMs?: number; secret?: string } = {}) =>
      signedEvent(event, { atMs: nowMs(), ...options }),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

type Asked = {
  method: string;
  pathname: string;
  searchParams: URLSearchParams;
  body: string;
  key: string | undefined;
};

/** As Stripe signs: a stamp, the signature, and one of another scheme, which does not count. */
export function signedEvent(event: object, { atMs, secret = STRIPE_SECRET }: { atMs: number; secret?: string }) {
  const body = JSON.stringify({ object: "event", api_version: "2026-10-28.endive", ...event });
  const t = Math.floor(atMs / 1000);
  const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
  return { body, signature: `t=${t},v1=${v1},v0=${"0".repeat(64)}` };
}

function send(response: ServerResponse, status: number, reply: object): void {
  response.writeHead(status, { "Content-Type": "application/json", "Request-Id": "req_double" });
  response.end(JSON.stringify(reply));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
