/** XLSX files made here (ECMA-376): the parts that readers need, each as it is given or as usual. */
import { strToU8, type Zippable, zipSync } from "fflate";

/** A number, a text, a formula with its stored value, or XML of a cell's own. */
export type XlsxCell = string | number | null | { formula: string; value: string } | { xml: string };

const NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";

export function xlsxBytes(
  rows: readonly (readonly XlsxCell[])[],
  parts: Record<string, string | null> = {},
): Uint8Array {
  const cells = (row: readonly XlsxCell[], r: number) =>
    row.map((cell, c) => cellXml(cell, `${letters(c)}${r}`)).join("");
  const data = rows.map((row, n) => `<row r="${n + 1}">${cells(row, n + 1)}</row>`).join("");
  return xlsxOf({
    "xl/worksheets/sheet1.xml": `<worksheet ${NS}><sheetData>${data}</sheetData></worksheet>`,
    ...parts,
  });
}

/** `null` leaves a part out. */
export function xlsxOf(parts: Record<string, string | Uint8Array | null>): Uint8Array {
  const all: Record<string, string | Uint8Array | null> = { ...USUAL, ...parts };
  const kept = Object.entries(all).filter((entry): entry is [string, string | Uint8Array] => entry[1] !== null);
  const bytes = kept.map(([name, part]) => [name, typeof part === "string" ? strToU8(part) : part]);
  return zipSync(Object.fromEntries(bytes) as Zippable);
}

const USUAL = {
  "[Content_Types].xml": `<?xml version="1.0"?><Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
  "_rels/.rels": `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  "xl/workbook.xml": `<workbook ${NS} xmlns:r="${OFFICE}"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
  // style 1 is a date
  "xl/styles.xml": `<styleSheet ${NS}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
};

function cellXml(cell: XlsxCell, at: string): string {
  if (cell === null) return "";
  if (typeof cell === "number") return `<c r="${at}"><v>${cell}</v></c>`;
  if (typeof cell === "string") return `<c r="${at}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`;
  if ("xml" in cell) return cell.xml.replaceAll("{at}", at);
  return `<c r="${at}" t="str"><f>${escaped(cell.formula)}</f><v>${escaped(cell.value)}</v></c>`;
}

function letters(column: number): string {
  return column < 26 ? String.fromCharCode(65 + column) : letters(Math.floor(column / 26) - 1) + letters(column % 26);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
