/** One request to one host, on a connection to an address that was checked. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { slowFault, transportFault } from "./faults.ts";
import type { Address } from "./resolve.ts";
import { hostOf } from "./target.ts";

export type ExchangeLimits = {
  /** From the name to a connection that is ready for the request, and from there to the header of the reply, ms each. */
  connectMs: number;
  headerMs: number;
  headerBytes: number;
};

/** Errors for a reply that did not come, and for one that did not come in time. */
export type ExchangeFaults = {
  transport(host: string, error: unknown): Error;
  slow(host: string, what: string): Error;
};

/** `headers`: besides those that every request has. Without a body it is a GET, otherwise a POST. `faults`: those of a fetch unless given. */
type Sent = { headers?: Record<string, string>; body?: string; faults?: ExchangeFaults };

const OF_FETCHES: ExchangeFaults = { transport: transportFault, slow: slowFault };

const HEADERS = {
  accept: "*/*",
  // what is small here must not become large
  "accept-encoding": "identity",
  "user-agent": "SmileLoop",
};

/**
 * The reply, its body unread. The signal ends both with its reason. Throws what `faults` makes, `fetch_failed` and `fetch_unavailable`
 * by default, and what the signal was aborted with. The connection is not used again.
 */
export function exchange(
  url: URL,
  addresses: Address[],
  limits: ExchangeLimits,
  signal: AbortSignal,
  { headers = {}, body, faults = OF_FETCHES }: Sent = {},
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const host = hostOf(url);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  // a separate agent: no pool, no proxy from the environment, no connection that somebody else's name has opened
  const request = send(url, {
    agent: false,
    method: body === undefined ? "GET" : "POST",
    headers: { ...HEADERS, ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
    lookup: pinned(addresses),
    maxHeaderSize: limits.headerBytes,
  });
  let late = setTimeout(() => request.destroy(faults.slow(host, "could not be reached in time")), limits.connectMs);
  const connected = () => {
    clearTimeout(late);
    late = setTimeout(() => request.destroy(faults.slow(host, "did not answer in time")), limits.headerMs);
  };
  let reply: IncomingMessage | null = null;
  const onAbort = () => (reply ?? request).destroy(signal.reason);
  request.on("socket", (socket) => socket.once(url.protocol === "https:" ? "secureConnect" : "connect", connected));
  request.on("response", (response) => {
    reply = response;
    // told to its reader; before there is one it would end the process
    reply.on("error", () => {});
    resolve(reply);
  });
  // none was asked for
  request.on("upgrade", (_, socket) => socket.destroy());
  request.on("error", reject);
  request.on("close", () => {
    signal.removeEventListener("abort", onAbort);
    reject(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
  });
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  request.end(body);
  return promise
    .catch((error: unknown) => {
      throw signal.aborted ? signal.reason : faults.transport(host, error);
    })
    .finally(() => clearTimeout(late));
}

/** What a connection is told instead of asking a name server once more. */
function pinned(addresses: Address[]): LookupFunction {
  return (_name, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, addresses);
    else callback(null, first!.address, first!.family);
  };
}
