/**
 * The port to where the audit is kept: chains of lines, each of which carries the hash of the one before it (`audit/line.ts`), so that
 * a line that is changed, removed, put in or moved is found (`audit/check.ts`). Lines are only added; what is old goes from the front.
 *
 * Errors of all methods: `storage_unavailable`, `storage_full`; `append` throws `record_unreadable` where nobody can tell how a chain ends.
 */
import type { AuditEntry, AuditLine, Chain, Head } from "./audit/line.ts";

export interface AuditStore {
  /** Adds the next line of the entry's chain. Several writers at once make one chain; the line is on stable storage when this resolves. */
  append(entry: AuditEntry): Promise<AuditLine>;
  /** The lines as they are stored, in the order of their places, without line ends. */
  lines(chain: Chain): AsyncIterable<string>;
  /** What was noted of the end, apart from the lines: it may lag behind them, and is never ahead. Null where nothing was. */
  head(chain: Chain): Promise<Head | null>;
  /** Takes the lines up to this number away. The caller has added a line that says so. */
  trim(chain: Chain, through: number): Promise<void>;
  /** Lets go of what it holds open; what comes after it opens it again. */
  close(): Promise<void>;
}
