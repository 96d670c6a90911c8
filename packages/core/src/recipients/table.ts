/** A table as a file has it: its rows as texts, before anybody asks what they mean. */
import type { Warning } from "../errors.ts";

/** `row`: counted as a spreadsheet does, the first is 1; null for what is wrong with the file. `column`: its name; null for the row as a whole. */
export type TableFault = { row: number | null; column: string | null; msg: string };

/** Rows in their order, empty ones among them, of whatever lengths. */
export type Table = { rows: string[][]; faults: TableFault[]; warnings: Warning[] };

/** A file that cannot be read at all. */
export function unreadable(msg: string): Table {
  return { rows: [], faults: [{ row: null, column: null, msg }], warnings: [] };
}
