/** Which machine a request came from, as far as that can be told: to slow guesses down, never to let anybody in. */
import { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { specialAddress } from "@smileloop/core/fetch/addresses.ts";

/** `bindings`: what the server passed along. An IPv6 address stands for its network (/64), which a single customer has. */
export function addressOf({ headers }: Request, bindings: object): string {
  const address = inLambda(bindings) ?? peerOf(bindings) ?? "unknown";
  // a proxy of ours writes the address of its own client at the end
  const forwarded = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim();
  const isProxy = address !== "unknown" && specialAddress(address) !== null;
  return network(isProxy && forwarded && isIP(forwarded) !== 0 ? forwarded : address);
}

/** The network of that machine: /24 for IPv4, /64 for IPv6; null where it is not known. */
export function networkOf(request: Request, bindings: object): string | null {
  const address = addressOf(request, bindings);
  if (address === "unknown") return null;
  return address.replace(/^(\d+\.\d+\.\d+)\.\d+$/, "$1");
}

function peerOf(bindings: object): string | undefined {
  if (!("incoming" in bindings) || !(bindings.incoming instanceof IncomingMessage)) return undefined;
  return bindings.incoming.socket.remoteAddress?.replace(/^::ffff:/i, "");
}

/** Of an event of a Function URL (payload 2.0). */
function inLambda(bindings: object): string | undefined {
  const { event } = bindings as { event?: { requestContext?: { http?: { sourceIp?: unknown } } } };
  const ip = event?.requestContext?.http?.sourceIp;
  return typeof ip === "string" ? ip : undefined;
}

function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill("0"), ...(tail ? tail.split(":") : [])];
  return all.slice(0, 4).join(":");
}
