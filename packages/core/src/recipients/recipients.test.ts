import { expect, test } from "vitest";
import { xlsxBytes } from "../../../../test/support/xlsx.ts";
import { XLSX } from "../media/types.ts";
import { randomFrom } from "../motion/random.ts";
import { type RecipientsOptions, readRecipients, sentenceOf, wordsOf } from "./recipients.ts";

const USUAL = {
  ...{ type: "text/csv", nameColumn: "name", phoneColumn: "phone", pronunciationColumn: "pronunciation" },
  textTemplate: "{name}",
};
const read = (list: string | Uint8Array, options: Partial<RecipientsOptions> = {}) =>
  readRecipients(typeof list === "string" ? Buffer.from(list) : list, { ...USUAL, ...options });
const faultsOf = async (list: string | Uint8Array, options: Partial<RecipientsOptions> = {}) =>
  (await read(list, options)).faults.map(sentenceOf);
const namesOf = async (list: string | Uint8Array, options: Partial<RecipientsOptions> = {}) => {
  const { rows, faults } = await read(list, options);
  expect(faults).toEqual([]);
  return rows.map(({ name }) => name);
};

const PEOPLE = ["राम", "सीता", "李雷", "José", 'Amit "AJ" Kumar, MD'];

test("people, rows and all their columns", async () => {
  expect(await read("name,phone,city,pronunciation\r\nJosé,+91 98,Goa,/xoˈse/\r\n\r\nराम,007,Pune,\r\n")).toEqual({
    columns: ["name", "phone", "city", "pronunciation"],
    rows: [
      {
        ...{ row: 2, name: "José", phone: "+91 98", pronunciation: "/xoˈse/" },
        fields: { name: "José", phone: "+91 98", city: "Goa", pronunciation: "/xoˈse/" },
      },
      { row: 4, name: "राम", phone: "007", fields: { name: "राम", phone: "007", city: "Pune", pronunciation: "" } },
    ],
    faults: [],
    warnings: [],
  });
});

test.each<[string, (text: string) => Uint8Array]>([
  ["UTF-8", (text) => Buffer.from(text)],
  ["UTF-8 with its mark", (text) => Buffer.from(`\uFEFF${text}`)],
  ["UTF-16, little end first", (text) => Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16, big end first", (text) => Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
  ["UTF-16 without a mark", (text) => Buffer.from(text, "utf16le")],
])("lists in %s, with every separator and end of line", async (_, encode) => {
  for (const separator of [",", ";", "\t"]) {
    for (const end of ["\n", "\r\n", "\r"]) {
      const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const lines = ["name,phone", ...PEOPLE.map((name) => `${cell(name)},${cell("1\n2")}`)];
      const text = lines.map((line) => line.replace(/,(?="|phone)/, separator)).join(end);
      expect(await namesOf(encode(text)), JSON.stringify({ separator, end })).toEqual(PEOPLE);
    }
  }
});

test("a list in Windows-1252 is read, and said to be", async () => {
  const { rows, warnings } = await read(Buffer.from("name;phone\nJosé;1\nMüller;2\n", "latin1"));
  expect(rows.map(({ name }) => name)).toEqual(["José", "Müller"]);
  expect(warnings).toMatchObject([{ code: "recipients_encoding", detail: expect.stringContaining("Windows-1252") }]);
});

test("XLSX: formulas by their values, long numbers with all their digits, dates as dates, text in parts as one", async () => {
  const list = xlsxBytes([
    ["Name", "phone", "day"],
    [{ formula: 'B2&"x"', value: "राम" }, 919876543210, { xml: '<c r="{at}" s="1"><v>46053</v></c>' }],
    [null],
    ["李雷", { xml: '<c r="{at}"><v>9.1987654321E+11</v></c>' }, { xml: '<c r="{at}"><v>0.30000000000000004</v></c>' }],
    [{ xml: '<c r="{at}" t="inlineStr"><is><r><t>Am</t></r><r><t>it</t></r></is></c>' }, "+1"],
  ]);
  const { rows, faults } = await read(list, { type: XLSX });
  expect(faults).toEqual([]);
  expect(rows.map(({ row, name, phone, fields }) => [row, name, phone, fields.day])).toEqual([
    [2, "राम", "919876543210", "2026-01-31"],
    [4, "李雷", "919876543210", "0.3"],
    [5, "Amit", "+1", ""],
  ]);
});

test("columns are found whatever their capitals, and a missing one is named with those there are", async () => {
  expect(await namesOf("\uFEFFNAME ,Phone\nAmit,1")).toEqual(["Amit"]);
  expect(await namesOf("Full name\nAmit", { nameColumn: "full_name" })).toEqual(["Amit"]);
  expect(await faultsOf("Full name,mobile\nAmit,1")).toEqual([
    "Missing column 'name'. The columns are: Full name, mobile. Did you mean Full name?",
  ]);
  expect(await faultsOf("name,mobile\nAmit,1", { phoneColumn: "moblie" })).toEqual([
    "Missing column 'moblie'. The columns are: name, mobile. Did you mean mobile?",
  ]);
  expect(await faultsOf("name,name\nAmit,1")).toEqual(["Column 'name' is there twice: rename one of them."]);
});

test("every faulty row is told, with its number and its column", async () => {
  expect(
    await faultsOf("name,city\nAmit,Goa\n,Pune\nSita,\n!!,Goa\n#N/A,Goa\n", { textTemplate: "Hi {name} of {city}" }),
  ).toEqual([
    "Row 3, column 'name': is empty",
    "Row 4, column 'city': is empty",
    "Row 6, column 'name': is an error of the spreadsheet (#N/A)",
  ]);
  expect(await faultsOf("name\n!!\n")).toEqual([
    "Row 2, column 'name': has neither letters nor digits, so that there is nothing to say",
  ]);
  expect(await faultsOf(`name\n${"a".repeat(501)}\n`)).toEqual([
    "Row 2, column 'name': has 501 characters; at most 500 are said",
  ]);
  expect(await faultsOf(`name,note\nAmit,${"a".repeat(1001)}\n`)).toEqual([
    "Row 2, column 'note': has 1001 characters; at most 1000 are read",
  ]);
  expect(await faultsOf("name,phone\nAmit, Kumar,1\n")).toEqual([
    "Row 2: has 3 cells, and there are 2 columns: a cell with a separator in it needs quotation marks",
  ]);
  expect(await faultsOf('name\n"Amit\nSita\n')).toEqual(['Row 2: has a quotation mark (") that is never closed']);
  expect(await faultsOf("name,pronunciation\nAmit Kumar,/əmɪt/\n")).toEqual([
    "Row 2, column 'pronunciation': has 1 word for a name of 2: give one for each, with spaces between them",
  ]);
  expect((await read(`name,x\n${",1\n".repeat(300)}`)).faults).toHaveLength(100);
});

test("a list is not empty, and has at most 5,000 recipients and 100 columns", async () => {
  const people = (count: number) => `name\n${"Amit\n".repeat(count)}`;
  expect(await namesOf(people(5000))).toHaveLength(5000);
  expect(await faultsOf(people(5001))).toEqual(["The list has 5001 recipients; at most 5000 are taken."]);
  expect(await faultsOf(people(10_001))).toEqual(["The list is too long: at most 5000 recipients are taken."]);
  expect(await faultsOf("")).toEqual(["The list is empty: its first row has to name the columns, such as name,phone."]);
  expect(await faultsOf("name,phone\n\n,\n")).toEqual([
    "The list has no recipients: there is nothing below its first row.",
  ]);
  expect(await faultsOf(`name${",x".repeat(100)}\nAmit`)).toEqual(["The list has 101 columns; at most 100 are read."]);
});

test("the text has what the row has in its columns, and is refused where it asks for others", async () => {
  const { rows } = await read("Full name,city\nAmit,Goa", {
    nameColumn: "Full name",
    textTemplate: "Hi {name} of {City} {{x}}",
  });
  expect(wordsOf(rows[0]!, "Hi {name} of {City} {{x}}", null)).toBe("Hi Amit of Goa {x}");
  expect(await read("name,city\nAmit,Goa", { textTemplate: "{town}" })).toMatchObject({
    faults: [
      { about: "textTemplate", msg: "asks for the column 'town', which is not there. The columns are: name, city." },
    ],
  });
  expect(await read("name\nAmit", { textTemplate: "{name" })).toMatchObject({
    faults: [
      { about: "textTemplate", msg: "has a single '{'. A column is {name}; a brace that is said is written twice." },
    ],
  });
  // not for lists without phones
  expect((await read("name\nAmit", { textTemplate: "{phone}" })).faults).toHaveLength(1);
});

test("a marker that is a column stands for what the row has there, others for the text", async () => {
  const list = "name,NAME2\nAmit,Goa\nSita,\n";
  const options = { markers: ["NAME1", "NAME2"] };
  expect(await faultsOf(list, options)).toEqual(["Row 3, column 'NAME2': is empty"]);
  const { rows } = await read(list, options);
  expect(options.markers.map((marker) => wordsOf(rows[0]!, "{name}", marker))).toEqual(["Amit", "Goa"]);
});

test("columns may be called anything", async () => {
  const { rows } = await read("name,__proto__,constructor,,toString\nAmit,a,b,c,d", {
    textTemplate: "{name} {constructor} {__proto__}",
  });
  expect(wordsOf(rows[0]!, "{name} {constructor} {__proto__}", null)).toBe("Amit b a");
  expect((await read("name\nAmit", { textTemplate: "{constructor}" })).faults).toHaveLength(1);
});

test("a damaged list has faults or people, whatever the damage", async () => {
  const csv = Buffer.from(`name,phone\n${PEOPLE.map((name) => `"${name.replaceAll('"', '""')}",1`).join("\n")}\n`);
  const xlsx = xlsxBytes([["name", "phone"], ...PEOPLE.map((name) => [name, 1])]);
  for (let seed = 1; seed <= 150; seed++) {
    const random = randomFrom(seed);
    for (const [type, whole] of [
      ["text/csv", csv],
      [XLSX, xlsx],
    ] as const) {
      const bytes = Buffer.from(whole.subarray(0, random() < 0.3 ? Math.floor(random() * whole.length) : whole.length));
      for (let n = 0; n < 1 + random() * 8; n++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const { rows, faults } = await read(bytes, { type });
      expect(rows.length + faults.length, `seed ${seed}, ${type}`).toBeGreaterThan(0);
    }
  }
});
