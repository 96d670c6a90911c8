/**
 * Fetches what a client has named by a URL, and is therefore sent by a stranger to wherever the stranger likes. At each hop
 *
 *     text ─▶ scheme, user, port, written addresses ─▶ one look-up, each address checked ─▶ a connection to one of these, and no other
 *      ▲                                                                                         │
 *      └───────────────────────── redirect, 5 at most ◀──────────────────────────────────────────┤
 *                                                                                                ▼
 *                                                             the body, as far as size, time and rate allow
 *
 * What the file is, its bytes say; the type in the reply's header is not looked at. Nothing is sent but the request: no cookie, no
 * credentials, no referrer.
 */

import type { IncomingMessage } from "node:http";
import { AppError } from "@smileloop/core/errors.ts";
import { exchange } from "@smileloop/core/fetch/exchange.ts";
import { slowFault, statusFault } from "@smileloop/core/fetch/faults.ts";
import { addressesOf, type Lookup, systemLookup } from "@smileloop/core/fetch/resolve.ts";
import { checkedTarget, type FetchPolicy, hostOf, PUBLIC_ONLY } from "@smileloop/core/fetch/target.ts";
import { bodyOf, tooLarge } from "./body.ts";
import { FETCH_LIMITS, type FetchLimits } from "./limits.ts";

/**
 * Gives the bytes at a URL to `use` and answers what that does; afterwards the connection is closed. Throws, also to the reader of the
 * bytes, `fetch_refused`, `fetch_failed`, `fetch_unavailable` and `too_large`, each with the host's name, and what the signal was
 * aborted with.
 */
export type FetchFile = <T>(
  url: string,
  options: { maxBytes: number; signal: AbortSignal },
  use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
) => Promise<T>;

type FetcherOptions = { policy?: FetchPolicy; lookup?: Lookup; limits?: Partial<FetchLimits> };

const REDIRECTS = [301, 302, 303, 307, 308];

export function createFetcher({
  policy = PUBLIC_ONLY,
  lookup = systemLookup,
  limits: given = {},
}: FetcherOptions = {}): FetchFile {
  const limits = { ...FETCH_LIMITS, ...given };
  const ask = async (url: URL, signal: AbortSignal): Promise<IncomingMessage> => {
    const addresses = await inTime(addressesOf(url, policy, lookup), url, limits.connectMs, signal);
    return exchange(url, addresses, limits, signal);
  };
  return async (text, { maxBytes, signal: outer }, use) => {
    let url = checkedTarget(text, policy);
    const late = new AbortController();
    const signal = AbortSignal.any([outer, late.signal]);
    const giveUp = () => late.abort(slowFault(hostOf(url), "takes too long to send the file"));
    const timer = setTimeout(giveUp, limits.wholeMs);
    let reply: IncomingMessage | null = null;
    try {
      for (let hop = 0; ; hop++) {
        reply = await ask(url, signal);
        const next = redirectOf(reply, url, policy);
        if (next === null) return await use(fileOf(reply, { host: hostOf(url), maxBytes, limits, signal }));
        reply.destroy();
        if (hop === limits.redirects) throw tooManyHops(url, limits.redirects);
        url = next;
      }
    } finally {
      clearTimeout(timer);
      reply?.destroy();
    }
  };
}

/** Where it says the file is; null where this is the file. Throws for what is neither. */
function redirectOf(reply: IncomingMessage, from: URL, policy: FetchPolicy): URL | null {
  const { statusCode = 0, headers } = reply;
  if (!REDIRECTS.includes(statusCode)) return null;
  const to = headers.location === undefined ? null : URL.parse(headers.location, from.href);
  if (!to) {
    throw new AppError(
      "fetch_failed",
      `${hostOf(from)} says that the file is elsewhere, but not where; check the address.`,
    );
  }
  try {
    return checkedTarget(to.href, policy);
  } catch (error) {
    throw new AppError(
      "fetch_refused",
      `${hostOf(from)} redirects to where nothing is fetched. ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

function fileOf(reply: IncomingMessage, reading: Parameters<typeof bodyOf>[1]): AsyncGenerator<Uint8Array> {
  const { host, maxBytes } = reading;
  const { statusCode = 0, headers } = reply;
  const fault = () => {
    if (statusCode !== 200) return statusFault(host, statusCode);
    const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
    if (encoding !== "identity" && encoding !== "") {
      return new AppError(
        "fetch_failed",
        `${host} sends the file compressed, without being asked to; upload the file.`,
      );
    }
    const announced = Number(headers["content-length"] ?? 0);
    return announced > maxBytes ? tooLarge(host, announced, maxBytes) : null;
  };
  const wrong = fault();
  if (wrong !== null) throw wrong;
  return bodyOf(reply, reading);
}

/** A look-up cannot be stopped; it is left alone. */
async function inTime<T>(work: Promise<T>, url: URL, ms: number, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(slowFault(hostOf(url), "could not be looked up in time")), ms);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function tooManyHops(url: URL, most: number): AppError {
  return new AppError(
    "fetch_failed",
    `${hostOf(url)} redirects once more, after ${most} redirects; give the last address.`,
  );
}
