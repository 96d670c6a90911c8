/**
 * A list of recipients: a table whose first row names the columns, and who is addressed in each row after it. All that can be wrong
 * with a row is known once the list was read, so that nobody waits for a video to find out.
 */
import { didYouMean } from "../errors/near.ts";
import type { Warning } from "../errors.ts";
import { clip, shown } from "../text.ts";
import { columnNamed, duplicateOf } from "./columns.ts";
import { MAX_ROWS, RECIPIENT_LIMITS } from "./limits.ts";
import { pronounceOf } from "./pronounce.ts";
import { readTable } from "./read-table.ts";
import type { TableFault } from "./table.ts";
import { columnsOf, templateFault, textFor, wordsFault } from "./text-for.ts";

/** Columns that a list may do without as long as nobody asks for another name. */
export const USUAL_COLUMNS = { name: "name", phone: "phone", pronunciation: "pronunciation" } as const;

/** Faults that are told at most; what a list of 5,000 has is seen from the first. */
const MAX_FAULTS = 100;

export type RecipientsOptions = {
  /** Media type, by content. */
  type: string;
  nameColumn: string;
  phoneColumn: string;
  pronunciationColumn: string;
  /** What is said to each; `{column}` is what the row has there. */
  textTemplate: string;
  /** What is said in place of what, instead: a marker that is a column's name stands for what the row has there, others for the text. */
  markers?: readonly string[] | undefined;
};

/** `row`: as a spreadsheet counts, the first recipient is 2. `fields`: all that the row has, by column. */
export type Recipient = {
  row: number;
  name: string;
  phone: string;
  pronunciation?: string;
  fields: Readonly<Record<string, string>>;
};

/** `column`: null for the row as a whole; `row`: null for the file. `about`: which option is at fault where the file is not. */
export type RecipientFault = TableFault & { about?: "textTemplate" };

export type Recipients = { columns: string[]; rows: Recipient[]; faults: RecipientFault[]; warnings: Warning[] };

export type ReadRecipients = (bytes: Uint8Array, options: RecipientsOptions) => Promise<Recipients>;

/** What is said in each place of a video, in place of which marker: null where the place has none. */
export function wordsOf(recipient: Recipient, textTemplate: string, marker: string | null): string {
  const column = marker === null ? null : columnNamed(Object.keys(recipient.fields), marker);
  return column === null ? textFor(textTemplate, recipient) : recipient.fields[column]!;
}

/** Reads all of a CSV or XLSX file. Never throws for what is in it; where there are faults, `rows` has those that have none. */
export async function readRecipients(bytes: Uint8Array, options: RecipientsOptions): Promise<Recipients> {
  const { rows: cells, faults, warnings } = await readTable(bytes, options.type);
  const none = { columns: [], rows: [] };
  if (faults.length > 0) return { ...none, faults, warnings };
  const [first = [], ...rest] = cells;
  const columns = first.map(plain);
  while (columns.at(-1) === "") columns.pop();
  const ofColumns = columnFaults(columns, rest, options);
  if (ofColumns.length > 0) return { ...none, columns, faults: ofColumns, warnings };
  const found: Recipients = { columns, rows: [], faults: [], warnings };
  for (const [nth, row] of rest.entries()) {
    if (row.every((cell) => plain(cell) === "")) continue;
    const recipient = recipientOf(columns, row.map(plain), nth + 2, options);
    const wrong = rowFaults(recipient, row, columns, options);
    if (wrong.length === 0) found.rows.push(recipient);
    found.faults.push(...wrong);
  }
  return {
    ...found,
    faults: found.faults.length === 0 ? countFaults(found.rows.length) : found.faults.slice(0, MAX_FAULTS),
  };
}

/** `Row 7, column 'name': is empty`. */
export function sentenceOf({ row, column, msg }: Pick<RecipientFault, "row" | "column" | "msg">): string {
  if (row === null) return msg;
  return `Row ${row}${column === null ? "" : `, column ${shown(column)}`}: ${msg}`;
}

/** Composed (NFC), and without what no eye sees around it. */
function plain(cell: string): string {
  return cell.normalize("NFC").replaceAll(/^[\s\u200b\ufeff]+|[\s\u200b\ufeff]+$/g, "");
}

function whole(msg: string): RecipientFault {
  return { row: null, column: null, msg };
}

function columnFaults(columns: string[], rest: string[][], options: RecipientsOptions): RecipientFault[] {
  const { columns: most, recipients } = RECIPIENT_LIMITS;
  if (columns.length === 0)
    return [whole("The list is empty: its first row has to name the columns, such as name,phone.")];
  if (columns.length > most) return [whole(`The list has ${columns.length} columns; at most ${most} are read.`)];
  if (rest.length >= MAX_ROWS) return [whole(`The list is too long: at most ${recipients} recipients are taken.`)];
  const { phoneColumn, pronunciationColumn, nameColumn, textTemplate, markers = [] } = options;
  const optional = (given: string, usual: string) => (given === usual ? [] : [given]);
  const needed = [
    nameColumn,
    ...optional(phoneColumn, USUAL_COLUMNS.phone),
    ...optional(pronunciationColumn, USUAL_COLUMNS.pronunciation),
  ];
  const missing = needed.filter((name) => columnNamed(columns, name) === null);
  if (missing.length > 0) return missing.map((name) => whole(missingColumn(columns, name)));
  const template = templateFault(textTemplate, columns, options);
  const used = [...needed, phoneColumn, pronunciationColumn, ...columnsOf(textTemplate, columns, options), ...markers];
  const twice = new Set(used.flatMap((name) => duplicateOf(columns, name) ?? []));
  return [
    ...[...twice].map((name) => whole(`Column ${shown(name)} is there twice: rename one of them.`)),
    ...(template === null ? [] : [{ ...whole(template), about: "textTemplate" as const }]),
  ];
}

function missingColumn(columns: string[], name: string): string {
  const listed = columns
    .filter((column) => column !== "")
    .slice(0, 20)
    .map((column) => clip(column, 60));
  return `Missing column ${shown(name)}. The columns are: ${listed.join(", ")}.${didYouMean(name, listed)}`;
}

function recipientOf(columns: string[], cells: string[], row: number, options: RecipientsOptions): Recipient {
  const fields = Object.fromEntries(columns.map((column, nth) => [column, cells[nth] ?? ""]));
  const field = (name: string) => {
    const column = columnNamed(columns, name);
    return column === null ? "" : fields[column]!;
  };
  const pronunciation = field(options.pronunciationColumn);
  const { nameColumn, phoneColumn } = options;
  const recipient = { row, name: field(nameColumn), phone: field(phoneColumn), fields };
  return pronunciation === "" ? recipient : { ...recipient, pronunciation };
}

/** What a formula without a value shows, in Excel, LibreOffice and Google Sheets. */
const ERROR_CELL = /^#(N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|SPILL!|CALC!|ERROR!)$/;

function rowFaults(
  recipient: Recipient,
  cells: string[],
  columns: string[],
  options: RecipientsOptions,
): RecipientFault[] {
  const { row } = recipient;
  const at = (column: string | null, msg: string): RecipientFault => ({ row, column, msg });
  const { cellChars } = RECIPIENT_LIMITS;
  const long = cells.findIndex((cell) => cell.length > cellChars);
  if (long >= 0) {
    return [at(columns[long] ?? null, `has ${cells[long]!.length} characters; at most ${cellChars} are read`)];
  }
  if (cells.slice(columns.length).some((cell) => plain(cell) !== "")) {
    return [
      at(
        null,
        `has ${cells.length} cells, and there are ${columns.length} columns: a cell with a separator in it needs quotation marks`,
      ),
    ];
  }
  const { name, pronunciation, fields } = recipient;
  const spoken = spokenColumns(columns, options);
  const holes = spoken.filter((column) => fields[column] === "" || ERROR_CELL.test(fields[column]!));
  const empty = (column: string) =>
    fields[column] === "" ? "is empty" : `is an error of the spreadsheet (${fields[column]})`;
  if (holes.length > 0) return holes.map((column) => at(column, empty(column)));
  const faults = saidFaults(recipient, columns, options);
  const pronounced = pronunciation === undefined ? null : pronounceOf(name, pronunciation);
  if (pronounced?.fault) faults.push(at(columnNamed(columns, options.pronunciationColumn), pronounced.fault));
  return faults;
}

/** The columns of which something is said, and the one of the names. */
function spokenColumns(columns: string[], options: RecipientsOptions): string[] {
  const text = usesText(columns, options) ? columnsOf(options.textTemplate, columns, options) : [];
  return [...new Set([columnNamed(columns, options.nameColumn)!, ...text, ...markerColumns(columns, options)])];
}

function markerColumns(columns: string[], { markers = [] }: RecipientsOptions): string[] {
  return markers.flatMap((marker) => columnNamed(columns, marker) ?? []);
}

/** Whether the text is said anywhere: markers may all have columns. */
function usesText(columns: string[], options: RecipientsOptions): boolean {
  const { markers = [] } = options;
  return markers.length === 0 || markerColumns(columns, options).length < markers.length;
}

function saidFaults(recipient: Recipient, columns: string[], options: RecipientsOptions): RecipientFault[] {
  const { row, fields } = recipient;
  const { textTemplate } = options;
  const faults = markerColumns(columns, options).flatMap((column) => {
    const msg = wordsFault(fields[column]!);
    return msg === null ? [] : [{ row, column, msg }];
  });
  if (!usesText(columns, options)) return faults;
  const msg = wordsFault(textFor(textTemplate, recipient));
  if (msg === null) return faults;
  const [only, other] = columnsOf(textTemplate, columns, options);
  const single = only !== undefined && other === undefined;
  return [...faults, { row, column: single ? only : null, msg: single ? msg : `what is said ${msg}` }];
}

function countFaults(count: number): RecipientFault[] {
  const { recipients } = RECIPIENT_LIMITS;
  if (count === 0) return [whole("The list has no recipients: there is nothing below its first row.")];
  return count > recipients ? [whole(`The list has ${count} recipients; at most ${recipients} are taken.`)] : [];
}
