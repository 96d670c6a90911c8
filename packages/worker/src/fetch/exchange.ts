/** One request to one host, on a connection to an address that was checked. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { slowFault, transportFault } from "@smileloop/core/fetch/faults.ts";
import type { Address } from "@smileloop/core/fetch/resolve.ts";
import { hostOf } from "@smileloop/core/fetch/target.ts";
import type { FetchLimits } from "./limits.ts";

const HEADERS = {
  accept: "*/*",
  // what is small here must not become large
  "accept-encoding": "identity",
  "user-agent": "SmileLoop",
};

/**
 * The reply, its body unread. The signal ends both with its reason. Throws `fetch_failed`, `fetch_unavailable` and what the
 * signal was aborted with. The connection is not used again.
 */
export function exchange(
  url: URL,
  addresses: Address[],
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const host = hostOf(url);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  // a separate agent: no pool, no proxy from the environment, no connection that somebody else's name has opened
  const request = send(url, {
    agent: false,
    headers: HEADERS,
    lookup: pinned(addresses),
    maxHeaderSize: limits.headerBytes,
  });
  let late = setTimeout(() => request.destroy(slowFault(host, "could not be reached in time")), limits.connectMs);
  const connected = () => {
    clearTimeout(late);
    late = setTimeout(() => request.destroy(slowFault(host, "did not answer in time")), limits.headerMs);
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
  request.end();
  return promise
    .catch((error: unknown) => {
      throw signal.aborted ? signal.reason : transportFault(host, error);
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
