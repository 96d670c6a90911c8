/**
 * Looks into an XLSX file before a reader does. A file of some kilobytes may hold gigabytes, and a cell may claim to lie in row
 * 1,000,000,000: readers make room for both. Source: APPNOTE.TXT 6.3.10 (ZIP), 4.3.12 and 4.3.16; ECMA-376, part 1, 18.3.
 */
import type { Zippable } from "fflate";
import { MAX_ROWS, RECIPIENT_LIMITS } from "./limits.ts";
import type { TableFault } from "./table.ts";

/** Of the parts that are read, unpacked. `ratio`: how many times as large as it is packed; looked at from `ratioBytes` on. */
const MOST = { entries: 1000, bytes: 16 * 1024 * 1024, ratio: 200, ratioBytes: 1024 * 1024 };
/**
 * Readers take time for every tag and attribute, for every row, and for the text of a cell as often as it is referred to. `pieces`: tags
 * and signs of equality. `textChars`: between two tags, as many as a spreadsheet lets a cell have.
 */
const MOST_XML = { pieces: 600_000, tagChars: 4096, textChars: 32_767, rows: 2 * MAX_ROWS };
const SHEET_ROWS = 1_048_576;

export type OpenedXlsx = { fault: null; archive: ArrayBuffer } | { fault: TableFault };

const NOT_ZIP = "The list cannot be read as XLSX: the file is damaged or not whole. Save it again, or as CSV (UTF-8).";
const TOO_MANY =
  "The list has more cells than are read, or far longer ones. Save the sheet with the recipients alone, without empty rows and formats, or as CSV.";
const TOO_LARGE = `The list is too large when it is unpacked: at most ${MOST.bytes} bytes are read. Save the sheet with the recipients alone, or as CSV.`;

/** The parts that a table is read from, packed again without compression and without any other part. */
export async function openXlsx(bytes: Uint8Array): Promise<OpenedXlsx> {
  // loaded where a table is read: the API starts without it
  const [{ unzipSync, zipSync }, { Parser }] = await Promise.all([import("fflate"), import("saxen")]);
  const seen = { entries: 0, bytes: 0, packed: false };
  let parts: Record<string, Uint8Array>;
  try {
    parts = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        seen.entries++;
        if (!/\.(xml|rels)$/.test(name)) return false;
        seen.bytes += originalSize;
        seen.packed ||= originalSize > MOST.ratioBytes && originalSize > size * MOST.ratio;
        return seen.entries <= MOST.entries && seen.bytes <= MOST.bytes && !seen.packed;
      },
    });
  } catch {
    // what a part holds beyond the size that the directory says is an error, too: it is unpacked into as much room
    return { fault: whole(NOT_ZIP) };
  }
  if (seen.entries > MOST.entries || seen.bytes > MOST.bytes || seen.packed) return { fault: whole(TOO_LARGE) };
  let pieces = 0;
  for (const [name, part] of Object.entries(parts)) {
    const xml = new TextDecoder().decode(part);
    pieces += piecesOf(xml);
    if (pieces > MOST_XML.pieces) return { fault: whole(TOO_MANY) };
    // the reader tells sheets by their use, so that any part may be one
    const fault = name.endsWith(".xml") ? sheetFault(xml, Parser) : null;
    if (fault) return { fault };
  }
  const packed = zipSync(parts as Zippable, { level: 0 });
  return { fault: null, archive: packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength) };
}

/** Tags, and signs of equality; Infinity where a tag, or the text after it, is longer than any that a spreadsheet writes. */
function piecesOf(xml: string): number {
  let count = xml.split("=").length - 1;
  for (let at = xml.indexOf("<"); at !== -1; count++) {
    const end = xml.indexOf(">", at);
    const next = xml.indexOf("<", at + 1);
    const close = end === -1 ? xml.length : end;
    const text = (next === -1 ? xml.length : next) - close;
    if (close - at > MOST_XML.tagChars || text > MOST_XML.textChars) return Number.POSITIVE_INFINITY;
    at = next;
  }
  return count;
}

function whole(msg: string): TableFault {
  return { row: null, column: null, msg };
}

type SaxParser = typeof import("saxen")["Parser"];

/** What is wrong with where the rows and cells of a part say that they lie. */
function sheetFault(xml: string, Parser: SaxParser): TableFault | null {
  const parser = new Parser();
  let fault = null as TableFault | null;
  let inSheet = false;
  let rows = 0;
  let cell: string | null = null;
  const stop = (found: TableFault | null) => {
    fault ??= found;
    if (fault) parser.stop();
  };
  parser.on("openTag", (element, attributes, decode) => {
    const name = bare(element);
    inSheet ||= name === "sheetData";
    if (!inSheet || (name !== "row" && name !== "c")) return;
    if (name === "row" && ++rows > MOST_XML.rows) return stop(whole(TOO_MANY));
    const given = Object.entries(attributes()).map(([key, value]) => [bare(key), decode(value)]);
    const { r = "" } = Object.fromEntries(given) as { r?: string };
    if (name === "c") cell = r;
    stop((name === "c" ? placeOf(r) : r === "" || isRow(r)) ? null : whole(NOT_ZIP));
  });
  parser.on("text", (text) => {
    if (cell !== null && text.trim() !== "") stop(cellFault(cell));
  });
  parser.on("closeTag", (element) => {
    if (bare(element) === "c") cell = null;
  });
  parser.on("error", () => stop(whole(NOT_ZIP)));
  parser.parse(xml);
  return fault;
}

/** Of a cell that holds anything. */
function cellFault(at: string): TableFault | null {
  const { row, column } = placeOf(at)!;
  const { columns, recipients } = RECIPIENT_LIMITS;
  if (column > columns)
    return { row, column: null, msg: `has something in cell ${at}: at most ${columns} columns are read` };
  if (row > MAX_ROWS) {
    return {
      row,
      column: null,
      msg: `lies too far down: at most ${recipients} recipients are taken, from the first row on`,
    };
  }
  return null;
}

/** As the reader sees it: without the name of its namespace. */
function bare(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function isRow(text: string): boolean {
  return /^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= SHEET_ROWS;
}

/** From `AB12`; null for what is no cell of a sheet. */
function placeOf(text: string): { row: number; column: number } | null {
  const [, letters, digits] = /^([A-Z]{1,3})(\d{1,7})$/.exec(text) ?? [];
  if (letters === undefined || digits === undefined || !isRow(digits)) return null;
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return { row: Number(digits), column };
}
