/** A report read again, by those who tell of it or carry on from it. */
import type { ReportRow } from "./report.ts";

const STATUSES: readonly string[] = ["succeeded", "failed", "canceled"] satisfies ReportRow["status"][];

/** Null for what is not a report. Columns that are not known are ignored. */
export async function readReport(text: string): Promise<ReportRow[] | null> {
  const { parse } = await import("csv-parse/sync");
  try {
    const rows: Record<string, string>[] = parse(text, { bom: true, columns: true, relax_column_count: true });
    const read = rows.map(rowOf);
    return read.every((row) => row !== null) ? read : null;
  } catch {
    return null;
  }
}

function rowOf({ row, name = "", status = "", seconds, warnings, ...rest }: Record<string, string>): ReportRow | null {
  const number = Number(row);
  if (!Number.isInteger(number) || number < 2 || !STATUSES.includes(status)) return null;
  const cell = (text: string | undefined) => (text === undefined || text === "" ? undefined : asWritten(text));
  return {
    ...{ row: number, name: asWritten(name), status: status as ReportRow["status"] },
    ...{ file: cell(rest.file), code: cell(rest.code), detail: cell(rest.detail) },
    ...{ voice: cell(rest.voice), language: cell(rest.language) },
    seconds: seconds ? Number(seconds) : undefined,
    warnings: warnings ? asWritten(warnings).split("; ") : [],
  };
}

/** Without the apostrophe that keeps spreadsheets from taking it for a formula. */
function asWritten(text: string): string {
  return text.replace(/^'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, "");
}
