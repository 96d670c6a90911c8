/**
 * Which URLs a stranger may have fetched, as far as their text tells: scheme, user, port, and addresses that are written out.
 * What a name stands for is known when it is resolved (`resolve.ts`); a fetch (`worker/fetch/`) applies the same rules to each hop.
 */
import { isIP, isIPv4 } from "node:net";
// the stack is compiled with the types of browsers, whose global URL is another one
import { URL } from "node:url";
import { AppError } from "../errors.ts";
import { clip } from "../text.ts";
import { specialAddress } from "./addresses.ts";

/** A private host that the operator allows. `host`: as `URL.hostname` writes it. `port`: null for the usual ones. */
export type HostRule = { host: string; port: number | null };

export type FetchPolicy = {
  /** Fetched from wherever they are, also with a private address. */
  hosts: readonly HostRule[];
  /** Beginnings of URLs of this installation, each with a slash at its end: what begins so is allowed like those hosts. */
  places: readonly string[];
  /** What a client may do instead, as advice says it; absent: upload the file. */
  instead?: string;
};

export const PUBLIC_ONLY: FetchPolicy = { hosts: [], places: [] };

/** Ports other than these are services that nobody meant to be asked by a stranger's browser, such as mail and databases. */
export const FETCH_PORTS: readonly number[] = [80, 443, 8080, 8443];

/** Maximum length: links to storages are signed with some 2,000 characters. */
export const MAX_URL_CHARS = 4096;

/** The URL that is to be fetched. Throws `fetch_refused`. */
export function checkedTarget(text: string, policy: FetchPolicy): URL {
  const url = plainUrl(text);
  if (isAllowed(url, policy)) return url;
  const port = portOf(url);
  if (!FETCH_PORTS.includes(port)) {
    throw refused(`Port ${port} of ${hostOf(url)} is not fetched from; allowed are ${FETCH_PORTS.join(", ")}.`);
  }
  const name = bareHost(url);
  if (name === "localhost" || name.endsWith(".localhost")) throw refusedAddress(name, "this server itself", policy);
  if (isIP(name) === 0) return url;
  const special = specialAddress(name);
  if (special !== null) throw refusedAddress(name, special, policy);
  return url;
}

/** Whether the operator has allowed it, or it is one of the installation's own. */
export function isAllowed(url: URL, { hosts, places }: FetchPolicy): boolean {
  const port = portOf(url);
  const name = nameOf(url);
  const allowed = hosts.some((rule) => {
    return rule.host === name && (rule.port === null ? FETCH_PORTS.includes(port) : rule.port === port);
  });
  return allowed || places.some((place) => url.href.startsWith(place));
}

/** `what` the address is, such as `private`. */
export function refusedAddress(host: string, what: string, { instead = "upload the file" }: FetchPolicy): AppError {
  const help = `Give a public address, or ${instead}; the operator of this server can allow a host by FETCH_ALLOW.`;
  return refused(`The address of ${clip(host, 100)} is not public (${what}). ${help}`);
}

/** Host and port as messages and logs name them. Never the path or the query, which may be secret. */
export function hostOf(url: URL): string {
  return clip(url.host, 100);
}

/** A name, or an address without brackets; without a dot at its end. */
export function bareHost(url: URL): string {
  return nameOf(url).replace(/^\[(.*)\]$/, "$1");
}

/** How a record names where an input came from, for people: without the query, in which links are signed. */
export function sourceOfUrl(url: URL): string {
  return clip(`url:${url.origin}${url.pathname}`, 300);
}

/** `host`, `host:port`, `[ipv6]` or `[ipv6]:port`; null for anything else. */
export function parseHostRule(text: string): HostRule | null {
  const [, host = "", digits] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const url = host === "" ? null : URL.parse(`http://${host}/`);
  const port = digits === undefined ? null : Number(digits);
  if (!url || (port !== null && (port < 1 || port > 65_535))) return null;
  return { host: nameOf(url), port };
}

function plainUrl(text: string): URL {
  const [, authority = ""] = /^https?:\/\/([^/?#]*)/i.exec(text) ?? [];
  if (authority === "") throw refused("A URL has to begin with https:// or http:// and a host.");
  // the URL standard skips some of these, and others read them in other ways
  if (/[\s\p{Cc}\\]/u.test(text)) throw refused("The URL has a space, a control character or a back slash.");
  const url = URL.parse(text);
  if (!url) throw refused("This is not a URL that can be fetched.");
  if (authority.includes("@") || url.username !== "" || url.password !== "") {
    throw refused("The URL has a user or a password in it; give a link that works without.");
  }
  const host = authority.replace(/:\d*$/, "");
  if (isIPv4(url.hostname) && host !== url.hostname) {
    throw refused("The address in the URL is written in an unusual way; write it as four decimal numbers.");
  }
  url.hash = "";
  return url;
}

function nameOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "");
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function refused(message: string): AppError {
  return new AppError("fetch_refused", message);
}
