/**
 * One request to a receiver, through the guard that fetches go through (`fetch/target.ts`): its address is looked up once and checked, and
 * no redirect is followed. Nothing of the reply is read but its status and `Retry-After`.
 */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { type ExchangeFaults, type ExchangeLimits, exchange } from "../fetch/exchange.ts";
import { addressesOf, type Lookup, systemLookup } from "../fetch/resolve.ts";
import { checkedTarget, type FetchPolicy } from "../fetch/target.ts";
import type { WebhookAttempt } from "../job/webhook.ts";

/** How long a receiver may take in all, ms. */
export const RECEIVER_MS = 15_000;
const LIMITS: ExchangeLimits = { connectMs: 10_000, headerMs: RECEIVER_MS, headerBytes: 16 * 1024 };

export type PostDeps = {
  clock: Clock;
  policy: FetchPolicy;
  lookup?: Lookup | undefined;
  /** RECEIVER_MS unless given. */
  receiverMs?: number | undefined;
};

/** `retryAfterMs`: what the receiver asked for, where it did. */
export type Posted = { attempt: WebhookAttempt; retryAfterMs?: number | undefined };

/** Never throws but what the signal was aborted with. */
export async function postEvent(
  { clock, policy, lookup = systemLookup, receiverMs = RECEIVER_MS }: PostDeps,
  { url, headers, body }: { url: string; headers: Record<string, string>; body: string },
  outer: AbortSignal,
): Promise<Posted> {
  const at = clock.now();
  const startMs = performance.now();
  const ended = (status: number | null, error: string | null, retryAfterMs?: number): Posted => ({
    attempt: { at, status, ms: Math.round(performance.now() - startMs), error },
    retryAfterMs,
  });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Silent("No answer in time.")), receiverMs);
  const signal = AbortSignal.any([outer, late.signal]);
  try {
    const target = checkedTarget(url, webhookPolicy(policy));
    const addresses = await untilAborted(addressesOf(target, webhookPolicy(policy), lookup), signal);
    const sent = { headers: { "content-type": "application/json", ...headers }, body, faults: FAULTS };
    const reply = await exchange(target, addresses, LIMITS, signal, sent);
    const { statusCode = 0 } = reply;
    reply.destroy();
    return ended(statusCode, faultOf(statusCode), retryAfterMs(reply.headers["retry-after"], clock.now()));
  } catch (error) {
    outer.throwIfAborted();
    return ended(null, sentenceOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The rules for receivers, with advice for those who name them. */
export function webhookPolicy(policy: FetchPolicy): FetchPolicy {
  return { ...policy, instead: "leave the webhook out and ask for the job" };
}

/** What it means that no reply came. */
class Silent extends Error {}

const FAULTS: ExchangeFaults = {
  transport: (_, error) => (error instanceof Silent ? error : new Silent(`No answer (${codeOf(error)}).`)),
  slow: () => new Silent("No answer in time."),
};

/** The first of several addresses that failed says why all of them did. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "unknown error";
}

function sentenceOf(error: unknown): string {
  if (error instanceof Silent || error instanceof AppError) return error.message;
  throw error;
}

/** Null for a reply that says that the event was taken. */
function faultOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status === 410) return "410: the receiver wants no more events.";
  if (status >= 300 && status < 400) return `${status}: redirects are not followed; give the last address.`;
  return `The receiver answered ${status}.`;
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => {});
  }
}
