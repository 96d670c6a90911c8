/** Tables as Excel saves them (ECMA-376): the first sheet, formulas by the values that were stored with them. */

import { type Table, unreadable } from "./table.ts";
import { openXlsx } from "./xlsx-guard.ts";

type Cell = string | boolean | Date | null;

const NOT_READ =
  "The list cannot be read as XLSX: open it in a spreadsheet and save it again, or save it as CSV (UTF-8).";

/** Never throws for what is in the file. */
export async function readXlsx(bytes: Uint8Array): Promise<Table> {
  const opened = await openXlsx(bytes);
  if (opened.fault !== null) return { rows: [], faults: [opened.fault], warnings: [] };
  // loaded where a table is read: the API starts without it
  const { readSheet } = await import("read-excel-file/universal");
  try {
    // numbers as they are written: phone numbers have more digits than are safe to count with
    const rows = (await readSheet(opened.archive, { parseNumber: textOfNumber })) as Cell[][];
    return { rows: rows.map((row) => row.map(textOf)), faults: [], warnings: [] };
  } catch {
    // whatever it is, it is in the file: the library has a parser's errors and those of its own
    return unreadable(NOT_READ);
  }
}

function textOf(cell: Cell): string {
  if (cell instanceof Date) return textOfDate(cell);
  return cell === null ? "" : String(cell);
}

/** `2026-01-31`, and the time where there is one. */
function textOfDate(date: Date): string {
  const text = Number.isNaN(date.valueOf()) ? "" : date.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
}

/** Without the noise that binary fractions have, and with all digits of what is written with an exponent (ECMA-376: up to 15 count). */
function textOfNumber(written: string): string {
  if (/^-?\d+$/.test(written)) return written;
  const value = Number(Number(written).toPrecision(15));
  return Number.isSafeInteger(value) ? BigInt(value).toString() : String(value);
}
