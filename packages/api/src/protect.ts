/**
 * Which pages may call from where. A page of another site can make a browser send requests to this machine: the Host check
 * stops those that reached it under a foreign name (DNS rebinding), the Origin check those that would change something, and
 * CORS headers admit the configured origins.
 */
import { IncomingMessage } from "node:http";
import { AppError } from "@smileloop/core/errors.ts";
import type { ApiConfig } from "./deps.ts";
import type { Dialect } from "./dialects/dialect.ts";

type Protection = {
  /** Why the request is refused, or null. `origin`: scheme and host that it was sent to. `bindings`: what the server passed along. */
  refuse(request: Request, origin: string, bindings?: object): AppError | null;
  preflight(request: Request): Response;
  /** Adds the headers that every reply carries. */
  addHeaders(request: Request, reply: Response): void;
};

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const REQUEST_HEADERS = [
  ...["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID"],
  ...["Prefer", "Range", "X-Anonymous-Token", "X-API-Key", "X-Request-Id", "x-amz-checksum-sha256"],
];
const RESPONSE_HEADERS = [
  ...["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Idempotency-Replayed"],
  ...["Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"],
  "X-Request-Id",
];

export function createProtection(config: ApiConfig, dialects: readonly Dialect[]): Protection {
  const allowedHeaders = [...REQUEST_HEADERS, ...dialects.flatMap(({ headers }) => headers.request)].join(", ");
  const exposedHeaders = [...RESPONSE_HEADERS, ...dialects.flatMap(({ headers }) => headers.response)].join(", ");
  const hosts = new Set([...LOOPBACK, ...config.allowedHosts.map((host) => host.toLowerCase())]);
  const publicOrigin = config.publicUrl === null ? null : new URL(config.publicUrl).origin;
  if (config.publicUrl !== null) hosts.add(new URL(config.publicUrl).hostname);
  const corsOrigins = new Set(config.corsOrigins);
  // a page of a configured origin may also show our files in a plain <video>
  const resourcePolicy = corsOrigins.size > 0 ? "cross-origin" : "same-origin";

  return {
    refuse(request, origin, bindings) {
      const named = hostsOf(bindings);
      if (named > 1) return new AppError("malformed", `A request has one Host header; this one has ${named}.`);
      if (config.hostsChecked && !hosts.has(hostnameOf(origin))) {
        return new AppError(
          "host_not_allowed",
          "This host name is not served here. If it should be, set PUBLIC_URL to the address that clients use, or add the name to ALLOWED_HOSTS.",
        );
      }
      if (SAFE.has(request.method)) return null;
      const from = request.headers.get("origin");
      if (from === null || from === origin || from === publicOrigin || corsOrigins.has(from)) return null;
      return new AppError(
        "origin_not_allowed",
        "Pages of this origin may not call; add it to CORS_ORIGINS if they should.",
      );
    },
    preflight() {
      return new Response(null, { status: 204, headers: { Allow: "GET, HEAD, POST, PUT, DELETE, OPTIONS" } });
    },
    addHeaders(request, { headers }) {
      headers.set("X-Content-Type-Options", "nosniff");
      headers.set("Referrer-Policy", "no-referrer");
      headers.set("Cross-Origin-Resource-Policy", resourcePolicy);
      if (corsOrigins.size === 0) return;
      headers.append("Vary", "Origin");
      const from = request.headers.get("origin");
      if (from === null || !corsOrigins.has(from)) return;
      headers.set("Access-Control-Allow-Origin", from);
      headers.set("Access-Control-Expose-Headers", exposedHeaders);
      if (request.method !== "OPTIONS") return;
      headers.set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
      headers.set("Access-Control-Allow-Headers", allowedHeaders);
      headers.set("Access-Control-Max-Age", "600");
    },
  };
}

function hostnameOf(origin: string): string {
  const host = origin.slice(origin.indexOf("://") + 3);
  const port = host.lastIndexOf(":");
  return (port > host.lastIndexOf("]") ? host.slice(0, port) : host).toLowerCase();
}

/** How many Host headers came (RFC 9112, 3.2); Node keeps the first of them, a proxy before us may have looked at another. */
function hostsOf(bindings: object | undefined): number {
  if (!bindings || !("incoming" in bindings) || !(bindings.incoming instanceof IncomingMessage)) return 1;
  return bindings.incoming.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length;
}
