/** Cross-origin requests, by the rules of the bucket. */
import { S3Error } from "./errors.ts";
import type { S3Reply } from "./request.ts";

/** Origins exactly or `*`; headers in lower case or `*`. */
export type CorsRule = { origins: string[]; methods: string[]; headers: string[]; expose: string[] };

export function preflight(rules: CorsRule[], headers: Record<string, string>): S3Reply {
  const { origin, "access-control-request-method": method } = headers;
  if (origin === undefined || method === undefined) throw new S3Error("InvalidRequest", "This is no preflight.");
  const asked = (headers["access-control-request-headers"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const rule = ruleFor(rules, origin, method);
  if (!rule || !asked.every((name) => rule.headers.includes("*") || rule.headers.includes(name))) {
    throw new S3Error("AccessDenied", "CORSResponse: This CORS request is not allowed.");
  }
  const allowed = { "Access-Control-Allow-Methods": rule.methods.join(", "), Vary: "Origin" };
  const named = asked.length > 0 ? { "Access-Control-Allow-Headers": asked.join(", ") } : {};
  return { status: 200, headers: { ...allowed, ...named }, body: "" };
}

/** What is added to every reply to a page of an allowed origin. */
export function corsHeaders(rules: CorsRule[], origin: string | undefined, method: string): Record<string, string> {
  const asked = method === "OPTIONS" ? undefined : method;
  const rule = origin === undefined ? undefined : ruleFor(rules, origin, asked);
  if (!rule || origin === undefined) return {};
  const expose = rule.expose.length > 0 ? { "Access-Control-Expose-Headers": rule.expose.join(", ") } : {};
  return { "Access-Control-Allow-Origin": origin, ...expose };
}

function ruleFor(rules: CorsRule[], origin: string, method: string | undefined): CorsRule | undefined {
  return rules.find(
    ({ origins, methods }) =>
      (origins.includes("*") || origins.includes(origin)) && (method === undefined || methods.includes(method)),
  );
}
