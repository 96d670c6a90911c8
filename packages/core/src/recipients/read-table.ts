/** Reads the table that a file holds. */
import { XLSX } from "../media/types.ts";
import { readCsv } from "./csv.ts";
import type { Table } from "./table.ts";
import { readXlsx } from "./xlsx.ts";

/** `type`: by content. Never throws for what is in the file. */
export async function readTable(bytes: Uint8Array, type: string): Promise<Table> {
  return type === XLSX ? readXlsx(bytes) : readCsv(bytes);
}
