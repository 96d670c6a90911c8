/** What became of each recipient, as a table for spreadsheets (RFC 4180): UTF-8 with a byte order mark, by which Excel knows it. */

export type ReportRow = {
  row: number;
  name: string;
  /** The name of its file; absent where there is none. */
  file?: string | undefined;
  status: "succeeded" | "failed" | "canceled";
  code?: string | undefined;
  detail?: string | undefined;
  voice?: string | undefined;
  language?: string | undefined;
  /** Duration of its file. */
  seconds?: number | undefined;
  warnings: readonly string[];
};

const COLUMNS = [
  "row",
  "name",
  "file",
  "status",
  "code",
  "detail",
  "voice",
  "language",
  "seconds",
  "warnings",
] as const;

export function reportOf(rows: readonly ReportRow[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => cellOf(row[column])).join(","));
  return `\uFEFF${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

function cellOf(value: ReportRow[(typeof COLUMNS)[number]]): string {
  const text = typeof value === "object" ? value.join("; ") : String(value ?? "");
  const safe = harmless(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What a spreadsheet would take for a formula, with an apostrophe before it. Source: OWASP, CSV injection. */
function harmless(text: string): string {
  return /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
}
