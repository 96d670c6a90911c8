/** Tables as text (RFC 4180), as spreadsheets save them: separated by commas, semicolons or tabs, in any encoding that they write. */
import type { CsvError } from "csv-parse/sync";
import type { Warning } from "../errors.ts";
import { decodeText } from "../media/text.ts";
import { MAX_ROWS, RECIPIENT_LIMITS } from "./limits.ts";
import { type Table, type TableFault, unreadable } from "./table.ts";

const SEPARATORS = [",", ";", "\t"];
/** A longer row is a quotation mark that is never closed. */
const MAX_ROW_CHARS = RECIPIENT_LIMITS.columns * (RECIPIENT_LIMITS.cellChars + 3);

/** Never throws for what is in the file. */
export async function readCsv(bytes: Uint8Array): Promise<Table> {
  const decoded = decode(bytes);
  if (decoded === null) return unreadable("The list is not a text: save it as CSV (UTF-8) or as XLSX.");
  const { text, warnings } = decoded;
  // loaded where a table is read: the API starts without it
  const { parse, CsvError } = await import("csv-parse/sync");
  try {
    const rows: string[][] = parse(text, {
      delimiter: separatorOf(text),
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: MAX_ROW_CHARS,
      to: MAX_ROWS + 1,
    });
    return { rows, faults: [], warnings };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { rows: [], faults: [faultOf(error)], warnings };
  }
}

/** UTF-8 and UTF-16 by their marks and bytes; what is neither is what Windows calls ANSI in Western Europe. */
function decode(bytes: Uint8Array): { text: string; warnings: Warning[] } | null {
  const text = decodeText(bytes);
  if (text === null) return null;
  if (!text.includes("\uFFFD") || isUtf8(bytes)) return text.includes("\0") ? null : { text, warnings: [] };
  const detail =
    "The list of recipients is not in UTF-8 and was read as Windows-1252: see whether letters such as é are right, or save it as CSV UTF-8.";
  const warnings = [{ code: "recipients_encoding", detail }];
  return { text: new TextDecoder("windows-1252").decode(bytes), warnings };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The one that the first row with anything in it has most of, outside quotation marks. */
function separatorOf(text: string): string {
  const [row = ""] = text
    .trimStart()
    .replaceAll(/"(?:[^"]|"")*"/g, "")
    .split(/[\r\n]/, 1);
  const counts = SEPARATORS.map((separator) => row.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!;
}

function faultOf({ code, ...context }: CsvError): TableFault {
  const records = (context as { records?: unknown }).records;
  const row = typeof records === "number" ? records + 1 : null;
  const open = code === "CSV_QUOTE_NOT_CLOSED" || code === "CSV_MAX_RECORD_SIZE";
  const msg = open
    ? 'has a quotation mark (") that is never closed'
    : 'has a quotation mark (") in a place where none can be: double it within a quoted cell';
  return { row, column: null, msg };
}
