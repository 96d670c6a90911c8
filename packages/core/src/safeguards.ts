/** What an installation does against the misuse of faces. Its operator alone sets it, by the environment; no request can. */

export type Safeguards = {
  /** Whether pictures and videos are looked at for nudity where a job changes somebody's face. */
  contentCheck: boolean;
  /** SHA-256, lower-case hex, of files that the operator has looked at and allows. */
  allowed: ReadonlySet<string>;
  attested: Attested;
  /** Whether consent is wanted of every job that makes people move, not only where a face is changed. */
  requireConsent: boolean;
};

/** Where nothing is set. */
export const SAFEGUARDS: Safeguards = {
  contentCheck: true,
  allowed: new Set(),
  attested: { dialects: new Set(), usual: true },
  requireConsent: false,
};

/**
 * For the clients of which dialects the operator answers that the people shown agree. `all`: only the operator's own programs reach the
 * server. `usual`: beside those that are named, for the dialects that say so themselves.
 */
export type Attested = "all" | { dialects: ReadonlySet<string>; usual: boolean };

/** `usual`: names of the dialects that say so themselves. */
export function isAttested(attested: Attested, dialect: string, usual: readonly string[]): boolean {
  if (attested === "all" || attested.dialects.has(dialect)) return true;
  return attested.usual && usual.includes(dialect);
}
