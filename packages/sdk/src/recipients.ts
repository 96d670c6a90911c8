/** A list of recipients that is an array, as the CSV (RFC 4180) that servers read. */
import { SmileloopError } from "./errors.ts";
import type { Input } from "./run.ts";

/** What is said of a recipient, by column: `name`, and what else the text asks for. */
export type Recipient = Record<string, string | number | null | undefined>;

/** Files stay as they are. Throws `invalid_request` for a row with nothing in it, which a server would pass over. */
export function listOf(recipients: Input | readonly (string | Recipient)[], nameColumn = "name"): Input {
  if (!Array.isArray(recipients)) return recipients as Input;
  const rows = recipients.map((row: string | Recipient) => (typeof row === "string" ? { [nameColumn]: row } : row));
  const columns = rows.length > 0 ? [...new Set(rows.flatMap((row) => Object.keys(row)))] : [nameColumn];
  const lines = rows.map((row, nth) => {
    const cells = columns.map((column) => String(row[column] ?? ""));
    if (cells.some((cell) => cell.trim() !== "")) return cells;
    throw new SmileloopError("invalid_request", `recipients[${nth}] is empty: give it a ${nameColumn}.`);
  });
  const csv = [columns, ...lines].map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
  return new Blob([csv], { type: "text/csv" });
}

/** Semicolons and tabs, too: what separates cells is guessed from the first row. */
function quoted(cell: string): string {
  return /[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
