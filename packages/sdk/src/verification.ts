/** What a server says of a file that it is asked about. */

/** What a file carries, and what follows from it. */
export type Verification = {
  type: string;
  bytes: number;
  signature: "ours" | "other" | "broken" | "none";
  /** Null where the server does not look for it. */
  watermark: { found: boolean; payload?: number | undefined } | null;
  /** `not_found` does not mean that no machine has made it. */
  made_by_us: "yes" | "probably" | "not_found";
  /** Your own job that made it. */
  job?: string | undefined;
};
