/** What an installation does against the misuse of faces. Its operator alone sets it, by the environment; no request can. */

export type Safeguards = {
  /** Whether pictures and videos are looked at for nudity where a job changes somebody's face. */
  contentCheck: boolean;
  /** SHA-256, lower-case hex, of files that the operator has looked at and allows. */
  allowed: ReadonlySet<string>;
  /** Names of the dialects for whose clients the operator attests that the people shown agree. */
  attested: ReadonlySet<string>;
};

/** Where nothing is set. */
export const SAFEGUARDS: Safeguards = { contentCheck: true, allowed: new Set(), attested: new Set() };
