import { expect, test } from "vitest";
import { randomFrom } from "../motion/random.ts";
import { fileNamesOf } from "./file-names.ts";

const namesOf = (...names: string[]) =>
  fileNamesOf(
    names.map((name) => ({ name })),
    "mp4",
  );

test("names stay readable in every script, and composed", () => {
  expect(namesOf("राम", "सीता", "李雷", "José", "Jose\u0301", "محمد", "นภา")).toEqual([
    ...["राम.mp4", "सीता.mp4", "李雷.mp4", "José.mp4", "José (2).mp4", "محمد.mp4", "นภา.mp4"],
  ]);
});

test("of people with the same name each has a file, also where capitals do not count", () => {
  expect(namesOf("Amit", "Amit", "AMIT", "Amit (2)", "amit")).toEqual([
    ...["Amit.mp4", "Amit (2).mp4", "AMIT (3).mp4", "Amit (2) (2).mp4", "amit (4).mp4"],
  ]);
  expect(fileNamesOf([{ name: "report" }], "csv", ["report.csv"])).toEqual(["report (2).csv"]);
});

test("nothing of a name leads out of the folder, hides the file, or means something to a system", () => {
  expect(
    namesOf("../../etc/passwd", "..\\x", ".hidden", "a:b*c", "CON", "lpt1.x", "-rf", "name.", "  ", "\u202Egnp"),
  ).toEqual([
    ...["etc passwd.mp4", "x.mp4", "hidden.mp4", "a b c.mp4", "_CON.mp4", "_lpt1.x.mp4", "rf.mp4", "name.mp4"],
    ...["recipient.mp4", "gnp.mp4"],
  ]);
});

test("long names are cut between characters, and stay apart", () => {
  const family = "👩‍👩‍👧";
  const [first, second] = namesOf(family.repeat(20), family.repeat(20));
  expect(first).toBe(`${family.repeat(6)}.mp4`);
  expect(second).toBe(`${family.repeat(6)} (2).mp4`);
  expect(namesOf("क्षि".repeat(60))[0]).toMatch(/^(क्षि)+\.mp4$/u);
});

test("whatever the names, files are never two alike, at most 120 bytes, and allowed everywhere", () => {
  const parts = [
    "a",
    "A",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "ﬁ",
    "fi",
    "İ",
    "राम",
    "李",
    "/",
    "\\",
    ":",
    "..",
    ".",
    " ",
    "\0",
    "\u202e",
    "(2)",
    "con",
    "\ud800",
    "👩‍👩‍👧",
    "x".repeat(70),
    "क".repeat(30),
  ];
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed);
    const pick = () => parts[Math.floor(random() * parts.length)]!;
    const names = Array.from({ length: 40 }, () => Array.from({ length: Math.floor(random() * 5) }, pick).join(""));
    const files = namesOf(...names);
    const folded = files.map((file) => file.normalize("NFKC").toUpperCase().toLowerCase());
    expect(new Set(folded).size, `seed ${seed}`).toBe(names.length);
    for (const file of files) {
      expect(Buffer.byteLength(file), `seed ${seed}: ${file}`).toBeLessThanOrEqual(120);
      expect(file, `seed ${seed}`).toMatch(
        /^[^\s.\p{C}/\\:*?"<>|]([^\p{Cc}/\\:*?"<>|]*[^\s.\p{Cc}/\\:*?"<>|])?\.mp4$/u,
      );
      expect(file.isWellFormed(), `seed ${seed}`).toBe(true);
      expect(file, `seed ${seed}`).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)\./i);
    }
  }
});
