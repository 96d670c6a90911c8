/** What FastAPI's clients are told who are not logged in. */
export const SIGNED_IN = { none: "Not authenticated", wrong: "Invalid authentication credentials" } as const;
