/**
 * How many requests callers may send. What only reads here is not counted, and neither is what needs no key; the rest is counted by owner, and for
 * those without a key by network, because they can make up owners. `public`, which they share, is counted by network alone. Replies
 * tell what is left (draft-ietf-httpapi-ratelimit-headers-11).
 */
import { ANONYMOUS_PREFIX, PUBLIC_OWNER } from "@smileloop/core/api-keys.ts";
import type { Clock } from "@smileloop/core/clock.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { decodedPath } from "./access.ts";
import type { ApiConfig } from "./deps.ts";
import { splitUrl } from "./http/origin.ts";
import { createCounter, type Quota, type Taken } from "./http/quota.ts";
import { networkOf } from "./logins/address.ts";

const WINDOW_MS = 60_000;
/** Who may ask whether a mark is still there as often as they like would remove it little by little. */
const RARE = ["/v1/verify"];
const RARE_SHARE = 20;
/** Several people may share a network. */
const OWNERS_OF_A_NETWORK = 4;
const UNCOUNTED = ["GET", "HEAD", "OPTIONS"];

/** `refused`: null where the request may go on. `headers`: of the reply, either way. */
export type Limited = { refused: AppError | null; headers: Record<string, string> };

/** Counts a request of this owner; null where it counts for nothing. */
export type Limits = (request: Request, bindings: object, owner: string) => Limited | null;

export function createLimits(clock: Clock, { requests }: Pick<ApiConfig, "requests">): Limits {
  if (requests === null) return () => null;
  const { perMinute, byNetwork } = requests;
  const owners = policyOf(clock, "owner", { limit: perMinute, windowMs: WINDOW_MS });
  const networks = policyOf(clock, "network", { limit: OWNERS_OF_A_NETWORK * perMinute, windowMs: WINDOW_MS });
  const rare = policyOf(clock, "verify", {
    limit: Math.max(1, Math.ceil(perMinute / RARE_SHARE)),
    windowMs: WINDOW_MS,
  });
  return (request, bindings, owner) => {
    if (UNCOUNTED.includes(request.method) && !asksProvider(request.url)) return null;
    const isPublic = owner === PUBLIC_OWNER;
    const network = byNetwork && (isPublic || owner.startsWith(ANONYMOUS_PREFIX)) ? networkOf(request, bindings) : null;
    // callers without a key can make up owners
    const rarely = RARE.includes(decodedPath(splitUrl(request.url).path)) ? [rare.use(network ?? owner)] : [];
    const used = [
      ...(isPublic ? [] : [owners.use(owner)]),
      ...(network === null ? [] : [networks.use(network)]),
      ...rarely,
    ];
    return used.length === 0 ? null : { refused: refusalOf(used), headers: headersOf(used) };
  };
}

/** On the way back from a payment page its session is looked at where it was made, which takes only so many requests from this server. */
function asksProvider(url: string): boolean {
  const at = url.indexOf("?");
  return at !== -1 && new URLSearchParams(url.slice(at + 1)).has("cs");
}

type Used = { name: string; quota: Quota; taken: Taken };

function policyOf(clock: Clock, name: string, quota: Quota): { use(key: string): Used } {
  const count = createCounter(clock, quota);
  return { use: (key) => ({ name, quota, taken: count(key) }) };
}

function refusalOf(used: Used[]): AppError | null {
  const [worst] = used.filter(({ taken }) => taken.refused).sort((a, b) => b.taken.resetSeconds - a.taken.resetSeconds);
  if (!worst) return null;
  const { name, quota, taken } = worst;
  const next = `the next in ${taken.resetSeconds} s.`;
  const whose = name === "owner" ? "you" : "your network";
  const detail =
    name === "verify"
      ? `At most ${quota.limit} files a minute are verified for you; ${next}`
      : `At most ${quota.limit} requests a minute that make or change something are taken from ${whose}; ${next}`;
  return new AppError("too_many_requests", detail, { retryAfterSeconds: taken.resetSeconds });
}

function headersOf(used: Used[]): Record<string, string> {
  const policies = used.map(({ name, quota }) => `"${name}";q=${quota.limit};w=${quota.windowMs / 1000}`);
  const left = used.map(({ name, taken }) => `"${name}";r=${taken.remaining};t=${taken.resetSeconds}`);
  return { "RateLimit-Policy": policies.join(", "), RateLimit: left.join(", ") };
}
