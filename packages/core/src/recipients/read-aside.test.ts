import { expect, test } from "vitest";
import { xlsxBytes } from "../../../../test/support/xlsx.ts";
import { XLSX } from "../media/types.ts";
import { readRecipientsAside } from "./read-aside.ts";
import { type RecipientsOptions, readRecipients } from "./recipients.ts";

const options: RecipientsOptions = {
  ...{ type: "text/csv", nameColumn: "name", phoneColumn: "phone", pronunciationColumn: "pronunciation" },
  textTemplate: "{name}",
};

test.each<[string, Uint8Array, RecipientsOptions]>([
  ["some", Buffer.from("name,phone\nराम,1\nJosé,2\n"), options],
  ["5,000", Buffer.from(`name\n${Array.from({ length: 5000 }, (_, n) => `Amit ${n}`).join("\n")}\n`), options],
  ["none", Buffer.from("name\n"), options],
  ["a hole", Buffer.from("name,phone\nAmit,1\n,2\n"), options],
  ["Windows-1252", Buffer.from("name\nJos\xe9\n", "latin1"), options],
  ["XLSX", xlsxBytes([["name"], ["李雷"]]), { ...options, type: XLSX }],
  ["damaged XLSX", Buffer.from("PK"), { ...options, type: XLSX }],
])("%s: the same as on this thread, in the same order", async (_, bytes, asked) => {
  expect(await readRecipientsAside(bytes, asked)).toEqual(await readRecipients(bytes, asked));
});

test("a thread that fails is told, and others are read after it", async () => {
  const list = Buffer.from("name\nAmit\n");
  const failing = Array.from({ length: 3 }, () => readRecipientsAside(list, null as never));
  for (const { status } of await Promise.allSettled(failing)) expect(status).toBe("rejected");
  expect((await readRecipientsAside(list, options)).rows).toHaveLength(1);
});
