/** What went wrong with a fetch, as a sentence that begins with the host. The URL itself is never told: it may be secret. */
import { AppError, type ErrorCode } from "../errors.ts";

type Fault = readonly [code: ErrorCode, sentence: string];

const failed = (sentence: string): Fault => ["fetch_failed", sentence];
const unavailable = (sentence: string): Fault => ["fetch_unavailable", sentence];

const TLS =
  "has no valid certificate; only https with a certificate that is trusted everywhere, or http, can be fetched";

/** By the `code` of what Node throws. */
const BY_CODE: Record<string, Fault> = {
  ENOTFOUND: failed("is not a known host name; check the address"),
  ENODATA: failed("is not a known host name; check the address"),
  EAI_AGAIN: unavailable("could not be looked up, because the name server does not answer"),
  ECONNREFUSED: unavailable("refuses connections; is its server running, and the port right?"),
  ECONNRESET: unavailable("broke the connection off before the file was complete"),
  EPIPE: unavailable("broke the connection off"),
  ETIMEDOUT: unavailable("could not be reached in time"),
  EHOSTUNREACH: unavailable("cannot be reached from here"),
  ENETUNREACH: unavailable("cannot be reached from here"),
  EPROTO: failed("does not use TLS as it should; is it http rather than https?"),
  HPE_HEADER_OVERFLOW: failed("sent a header that is too long"),
};

const BY_STATUS: Record<number, Fault> = {
  401: failed("asks for a login (401); give a link that works without, or upload the file"),
  403: failed("does not give the file out (403); has the link expired, or does it need a login?"),
  404: failed("has no such file (404); check the address"),
  407: failed("asks for a login (407); give a link that works without, or upload the file"),
  408: unavailable("was too slow to answer (408)"),
  410: failed("no longer has the file (410)"),
  425: unavailable("does not answer yet (425)"),
  429: unavailable("gets too many requests (429)"),
};

/** Of an exchange with `host` that did not come to a reply, or not to the end of it. */
export function transportFault(host: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const [kind, sentence] = BY_CODE[code] ?? (isTls(code) ? failed(TLS) : unavailable("did not deliver the file"));
  // not the error itself: a parser's has the bytes that it could not read
  return new AppError(kind, saying(host, sentence), { cause: new Error(`${code} ${(error as Error).message}`) });
}

/** Of a reply that is neither the file nor a redirect. */
export function statusFault(host: string, status: number): AppError {
  const [kind, sentence] =
    BY_STATUS[status] ??
    (status >= 500
      ? unavailable(`has a problem of its own (${status})`)
      : failed(`does not answer with the file (${status}); check the address`));
  return new AppError(kind, saying(host, sentence));
}

function saying(host: string, sentence: string): string {
  return `${host} ${sentence}${sentence.endsWith("?") ? "" : "."}`;
}

export function slowFault(host: string, what: string): AppError {
  return new AppError("fetch_unavailable", `${host} ${what}; try again, or upload the file.`);
}

/** The first of several addresses that failed says why all of them did. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/.test(code);
}
