import { expect, test } from "vitest";
import { readReport } from "./read-report.ts";
import { reportOf } from "./report.ts";

test("a report is read as it was written", async () => {
  const rows = [
    { row: 2, name: "राम", file: "राम.mp4", status: "succeeded" as const, voice: "espeak-hi", warnings: [] },
    {
      row: 4,
      name: '=1+1, "quoted"\nlines',
      status: "failed" as const,
      code: "no_face",
      detail: "No face.",
      warnings: ["a", "b"],
    },
  ];
  expect(await readReport(reportOf(rows))).toEqual([
    { row: 2, name: "राम", file: "राम.mp4", status: "succeeded", code: null, detail: null, voice: "espeak-hi" },
    {
      row: 4,
      name: '=1+1, "quoted"\nlines',
      file: null,
      status: "failed",
      code: "no_face",
      detail: "No face.",
      voice: null,
    },
  ]);
});

test.each(["row,name\n1,Amit\n", "row,name,status\nx,Amit,failed\n", '"open', "row,name,status\n2,Amit,perhaps\n"])(
  "what is not one is null: %j",
  async (text) => {
    expect(await readReport(text)).toBeNull();
  },
);
