/** Cross-origin requests, by the rules of the bucket. */
import type { corsRules } from "../../../infra/policy.ts";
import { S3Error } from "./errors.ts";
import type { S3Reply } from "./request.ts";

/** Origins exactly or `*`; headers in lower case or `*`. */
export type CorsRule = { origins: string[]; methods: string[]; headers: string[]; expose: string[] };

/** Rules of a deployment. */
export function deployedRules(rules: ReturnType<typeof corsRules>): CorsRule[] {
  return rules.map(({ allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders }) => {
    return { origins: allowedOrigins, methods: allowedMethods, headers: allowedHeaders, expose: exposeHeaders };
  });
}

/** By the first rule that allows origin, method and every header, as S3 does it. */
export function preflight(rules: CorsRule[], headers: Record<string, string>): S3Reply {
  const { origin, "access-control-request-method": method } = headers;
  if (origin === undefined || method === undefined) throw new S3Error("InvalidRequest", "This is no preflight.");
  const asked = (headers["access-control-request-headers"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const rule = rulesFor(rules, origin, method).find((one) =>
    asked.every((name) => one.headers.includes("*") || one.headers.includes(name)),
  );
  if (!rule) throw new S3Error("AccessDenied", "CORSResponse: This CORS request is not allowed.");
  const named = asked.length > 0 ? { "Access-Control-Allow-Headers": asked.join(", ") } : {};
  const methods = { "Access-Control-Allow-Methods": rule.methods.join(", "), Vary: "Origin" };
  return { status: 200, headers: { ...allowed(rule, origin), ...methods, ...named }, body: "" };
}

/** What is added to every reply to a page of an allowed origin; preflights have it already. */
export function corsHeaders(rules: CorsRule[], origin: string | undefined, method: string): Record<string, string> {
  const [rule] = origin === undefined || method === "OPTIONS" ? [] : rulesFor(rules, origin, method);
  return rule && origin !== undefined ? allowed(rule, origin) : {};
}

function allowed({ origins, expose }: CorsRule, origin: string): Record<string, string> {
  const exposed = expose.length > 0 ? { "Access-Control-Expose-Headers": expose.join(", ") } : {};
  return { "Access-Control-Allow-Origin": origins.includes("*") ? "*" : origin, ...exposed };
}

function rulesFor(rules: CorsRule[], origin: string, method: string): CorsRule[] {
  return rules.filter(
    ({ origins, methods }) => (origins.includes("*") || origins.includes(origin)) && methods.includes(method),
  );
}
