/** Files that are made to hurt a reader: small, and large once they are unpacked or believed. */
import { expect, test } from "vitest";
import { xlsxBytes, xlsxOf } from "../../../../test/support/xlsx.ts";
import { readXlsx } from "./xlsx.ts";

const sheetOf = (data: string) =>
  xlsxOf({ "xl/worksheets/sheet1.xml": `<worksheet><sheetData>${data}</sheetData></worksheet>` });
const text = (at: string, value = "name") => `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
const faultOf = async (bytes: Uint8Array) => (await readXlsx(bytes)).faults[0]?.msg;

test.each<[string, Uint8Array]>([
  ["a part of 30 MB", sheetOf(`<row r="1"><c r="A1"><v>${"1".repeat(30e6)}</v></c></row>`)],
  ["a part of 3 MB in 3 kB", sheetOf(" ".repeat(3e6))],
  ["thousands of parts", xlsxOf(Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`xl/a${n}.xml`, ""])))],
])("%s is not unpacked", async (_, bytes) => {
  expect(bytes.length).toBeLessThan(300_000);
  expect(await faultOf(bytes)).toMatch(/^The list is too large when it is unpacked/);
});

test.each<[string, Uint8Array]>([
  ["rows without end", sheetOf(Array.from({ length: 300_000 }, (_, n) => `<row r="${n + 1}"/>`).join(""))],
  ["a cell with attributes without end", sheetOf(`<row r="1"><c r="A1" ${'a="" '.repeat(200_000)}/></row>`)],
  ["small cells without end", sheetOf(`<row r="1">${'<c r="A1"/>'.repeat(350_000)}</row>`)],
  [
    "a text that is longer than a cell may be, and is referred to again and again",
    xlsxOf({
      "xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1">${'<c r="A1" t="s"><v>0</v></c>'.repeat(9)}</row></sheetData></worksheet>`,
      "xl/sharedStrings.xml": `<sst><si><t>${"a b".repeat(11_000)}</t></si></sst>`,
    }),
  ],
])("%s: a reader never sees it", async (_, bytes) => {
  expect(await faultOf(bytes)).toMatch(
    /^The list has more cells than are read, or far longer ones|^The list is too large/,
  );
});

test("a part that is larger than the directory of the file says is not unpacked either", async () => {
  const bytes = Buffer.from(xlsxBytes([["name"], ["Amit"]]));
  for (let at = directoryOf(bytes, 0); at >= 0; at = directoryOf(bytes, at + 4)) bytes.writeUInt32LE(10, at + 24);
  expect(await faultOf(bytes)).toMatch(/damaged or not whole/);
});

function directoryOf(bytes: Buffer, from: number): number {
  return bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), from);
}

test.each<[string, string]>([
  ["row 1,000,000,000", '<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>'],
  ["row 1e300", '<row r="1e300"><c r="A1"><v>1</v></c></row>'],
  ["a row whose number is written in another way", "<row r='&#49;000000000'/>"],
  ["a column beyond all sheets", `<row r="1">${text("ZZZZZZ1")}</row>`],
  ["a cell without a place", '<row r="1"><c><v>1</v></c></row>'],
  ["a row that is not closed", '<row r="1"><c r="A1"><v>1</v></row>'],
])("%s is no place of a sheet", async (_, data) => {
  expect(await faultOf(sheetOf(data))).toMatch(/^The list cannot be read as XLSX/);
});

test("what lies far outside is told with its place, and empty cells there do not count", async () => {
  const first = `<row r="1">${text("A1")}</row>`;
  expect(await readXlsx(sheetOf(`<row r="1">${text("A1")}${text("XFD1")}</row>`))).toMatchObject({
    faults: [{ row: 1, msg: "has something in cell XFD1: at most 100 columns are read" }],
  });
  expect(await readXlsx(sheetOf(`${first}<row r="90000">${text("A90000")}</row>`))).toMatchObject({
    faults: [{ row: 90_000, msg: expect.stringContaining("lies too far down") }],
  });
  expect(await readXlsx(sheetOf(`${first}<row r="20000"><c r="A20000" s="1"/><c r="XFD20000"/></row>`))).toEqual({
    ...{ rows: [["name"]], faults: [], warnings: [] },
  });
});

test.each(["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])(
  "a file without %s is told to be unreadable",
  async (part) => {
    expect(await faultOf(xlsxBytes([["name"]], { [part]: null }))).toMatch(/^The list cannot be read as XLSX/);
  },
);
