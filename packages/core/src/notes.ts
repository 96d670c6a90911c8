/**
 * The port to small texts that the machines of one installation share, such as which of them sweeps now (`jobs/leases.ts`). They
 * live where the records live, and fail with the same errors.
 */
import type { z } from "zod";

/** `ageMs`: by the storage's own clock, as with records (`records.ts`). */
export type Note = { text: string; etag: string; ageMs: number };

export interface Notes {
  get(name: string): Promise<Note | null>;
  /**
   * Writes over the version with this etag, or with null only where there is none. Answers the new etag; null when it is
   * another version by now, which may be one's own: a repeated write whose first reply was lost.
   */
  put(name: string, text: string, etag: string | null): Promise<string | null>;
}

/** What a note says; null for one that can't be read, which the next writer replaces. */
export function readNote<T>(schema: z.ZodType<T>, { text }: Pick<Note, "text">): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
