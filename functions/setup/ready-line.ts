/** What the server says once it accepts requests. */
import { networkInterfaces } from "node:os";
import type { Env } from "@smileloop/core/env.ts";
import { isLoopback } from "./listen.ts";

/** `network`: its address for other machines, where it listens for them. */
type Addresses = { version: string; url: string; network: string | null; publicUrl: string | null };

export function readyLine({ version, url, network, publicUrl }: Addresses): string {
  const others = publicUrl ?? network;
  const forOthers =
    others === null ? "" : publicUrl === null ? `, on the network ${others}` : `, for clients ${others}`;
  return `SmileLoop ${version} is ready: ${url}${forOthers} (docs at ${publicUrl ?? url}/docs)`;
}

/** Where a server on all addresses is found by other machines; null without a network, or where it listens on one address. */
export function networkUrl(host: string, port: number, interfaces = networkInterfaces()): string | null {
  if (!["0.0.0.0", "::", "[::]"].includes(host)) return null;
  const addresses = Object.values(interfaces).flatMap((each) => each ?? []);
  const found = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  return found ? `http://${found.address}:${port}` : null;
}

/** A warning where a proxy passes the requests of strangers on to a server that asks nobody on loopback for a key. */
export function openBehindProxy({ PUBLIC_URL, API_KEY, API_KEYS, USERS, ANONYMOUS, ALLOW_OPEN }: Env): string | null {
  if (PUBLIC_URL === undefined || isLoopback(new URL(PUBLIC_URL).hostname)) return null;
  if (API_KEYS.size > 0 || USERS.size > 0 || API_KEY || ANONYMOUS || ALLOW_OPEN) return null;
  const help = "Set API_KEYS, or ANONYMOUS=1, or ALLOW_OPEN=1 if it is meant to be open";
  return `anyone who reaches ${PUBLIC_URL} may use this server. ${help}.`;
}
