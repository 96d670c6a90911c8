/**
 * Signature Version 4 as S3 checks it: in the Authorization header, in the query of a presigned URL, and of a POST policy.
 * Source: "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference; its examples are the tests.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./errors.ts";

/** `path` and `query` as they came over the wire; header names in lower case. */
export type SignedRequest = { method: string; path: string; query: string; headers: Record<string, string> };
/** `date`: yyyymmdd; `stamp`: yyyymmddThhmmssZ. */
type Scope = { accessKeyId: string; date: string; region: string; service: string };
export type Signed = Scope & {
  stamp: string;
  signedHeaders: string[];
  signature: string;
  expiresSeconds: number | null;
};

const SKEW_MS = 15 * 60_000;
const LONGEST_SECONDS = 7 * 24 * 60 * 60;
const UNSIGNED = "UNSIGNED-PAYLOAD";

/** What the request claims about itself; null when it is anonymous. */
export function readSignature({ headers, query }: SignedRequest): Signed | null {
  const params = new URLSearchParams(query);
  if (headers.authorization !== undefined) return fromHeader(headers.authorization, headers["x-amz-date"] ?? "");
  return params.has("X-Amz-Signature") || params.has("X-Amz-Algorithm") ? fromQuery(params) : null;
}

/** Throws unless the signature is that of this request by this secret, for this region, at this time. */
export function checkSignature(
  request: SignedRequest,
  signed: Signed,
  secret: string,
  region: string,
  nowMs: number,
): void {
  checkScope(signed, region);
  checkTime(signed, nowMs);
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith("x-amz-") && !signed.signedHeaders.includes(name)) {
      throw new S3Error("AccessDenied", `There were headers present in the request which were not signed: ${name}`);
    }
  }
  if (!signed.signedHeaders.includes("host")) throw new S3Error("AccessDenied", "The host header is not signed.");
  if (!sameText(signatureOf(request, signed, secret), signed.signature)) throw mismatch();
}

/** The hex signature that this request has to carry. */
export function signatureOf(request: SignedRequest, signed: Omit<Signed, "signature">, secret: string): string {
  const presigned = signed.expiresSeconds !== null;
  const headers = signed.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? "").trim().replaceAll(/ +/g, " ")}\n`,
  );
  const canonical = [
    request.method,
    request.path
      .split("/")
      .map((part) => encode(decode(part)))
      .join("/"),
    canonicalQuery(request.query),
    headers.join(""),
    signed.signedHeaders.join(";"),
    presigned ? UNSIGNED : (request.headers["x-amz-content-sha256"] ?? sha256Hex("")),
  ].join("\n");
  const scope = `${signed.date}/${signed.region}/${signed.service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${signed.stamp}\n${scope}\n${sha256Hex(canonical)}`;
  return hmac(signingKey(signed, secret), text).toString("hex");
}

/** The headers that sign a request, for those who have no SDK at hand. `headers` has `host`. */
export function signedHeaders(
  request: SignedRequest & { body: string | Uint8Array },
  role: { accessKeyId: string; secretAccessKey: string; region: string },
  nowMs: number,
): Record<string, string> {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers = { ...request.headers, "x-amz-content-sha256": sha256Hex(request.body), "x-amz-date": stamp };
  const { accessKeyId, secretAccessKey, region } = role;
  const scope = { accessKeyId, date: stamp.slice(0, 8), region, service: "s3" };
  const names = Object.keys(headers).sort();
  const signed = { ...scope, stamp, signedHeaders: names, expiresSeconds: null };
  const signature = signatureOf({ ...request, headers }, signed, secretAccessKey);
  const credential = `${accessKeyId}/${scope.date}/${region}/s3/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** Of a POST form: the string to sign is the policy in base64, as it was sent. */
export function checkPolicySignature(policy: string, signed: Signed, secret: string, region: string): void {
  checkScope(signed, region);
  if (!sameText(policySignature(policy, signed, secret), signed.signature)) throw mismatch();
}

export function policySignature(policy: string, scope: Scope, secret: string): string {
  return hmac(signingKey(scope, secret), policy).toString("hex");
}

/** Of the body: signed requests say its hash in a header, presigned ones don't. */
export function checkBodyHash(headers: Record<string, string>, signed: Signed, body: Uint8Array): void {
  const claimed = headers["x-amz-content-sha256"];
  if (claimed === undefined) {
    if (signed.expiresSeconds !== null) return;
    throw new S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  if (claimed.startsWith("STREAMING-")) throw new S3Error("NotImplemented", "Chunked signatures are not supported.");
  if (claimed !== UNSIGNED && claimed !== sha256Hex(body)) {
    throw new S3Error("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.");
  }
}

export function readCredential(credential: string): Scope {
  const [accessKeyId = "", date = "", region = "", service = "", end] = credential.split("/");
  if (end !== "aws4_request" || !/^\d{8}$/.test(date)) {
    throw new S3Error("AuthorizationHeaderMalformed", "The credential is malformed.");
  }
  return { accessKeyId, date, region, service };
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function fromHeader(authorization: string, stamp: string): Signed {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$/.exec(
    authorization,
  );
  if (!parts) throw new S3Error("AuthorizationHeaderMalformed", "The authorization header is malformed.");
  const [, credential = "", names = "", signature = ""] = parts;
  return { ...readCredential(credential), stamp, signedHeaders: names.split(";"), signature, expiresSeconds: null };
}

function fromQuery(params: URLSearchParams): Signed {
  const need = (name: string): string => {
    const value = params.get(name);
    if (value === null) throw new S3Error("AuthorizationQueryParametersError", `${name} is missing.`);
    return value;
  };
  const expiresSeconds = Number(need("X-Amz-Expires"));
  if (need("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256" || !(expiresSeconds > 0 && expiresSeconds <= LONGEST_SECONDS)) {
    throw new S3Error("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 second and a week.");
  }
  return {
    ...readCredential(need("X-Amz-Credential")),
    stamp: need("X-Amz-Date"),
    signedHeaders: need("X-Amz-SignedHeaders").split(";"),
    signature: need("X-Amz-Signature"),
    expiresSeconds,
  };
}

function checkScope({ region, service }: Scope, expected: string): void {
  if (service === "s3" && region === expected) return;
  throw new S3Error(
    "AuthorizationHeaderMalformed",
    `The credential is for '${region}/${service}', not '${expected}/s3'.`,
  );
}

function checkTime({ stamp, date, expiresSeconds }: Signed, nowMs: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (!parts || !stamp.startsWith(date)) throw new S3Error("AccessDenied", "A valid x-amz-date is required.");
  const [, year, month, day, hour, minute, second] = parts;
  const signedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (expiresSeconds === null) {
    if (Math.abs(nowMs - signedMs) > SKEW_MS) {
      throw new S3Error(
        "RequestTimeTooSkewed",
        "The difference between the request time and the server's is too large.",
      );
    }
    return;
  }
  if (signedMs > nowMs + SKEW_MS) throw new S3Error("AccessDenied", "Request is not yet valid");
  if (nowMs >= signedMs + expiresSeconds * 1000) throw new S3Error("AccessDenied", "Request has expired");
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [encode(decode(name)), encode(decode(value.join("=")))] as const;
    })
    .sort(([a, av], [b, bv]) => (a < b || (a === b && av < bv) ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function signingKey({ date, region, service }: Scope, secret: string): Uint8Array {
  return [date, region, service, "aws4_request"].reduce<Uint8Array>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidArgument", "The URI is not encoded rightly.");
  }
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function mismatch(): S3Error {
  return new S3Error("SignatureDoesNotMatch", "The signature does not match the one that was calculated.");
}
