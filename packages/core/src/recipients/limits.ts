/** What a list of recipients may be. */
export const RECIPIENT_LIMITS = { recipients: 5000, columns: 100, cellChars: 1000 } as const;

/** Rows of a file that are looked at, its first row and empty ones among them. */
export const MAX_ROWS = 2 * RECIPIENT_LIMITS.recipients + 1;
