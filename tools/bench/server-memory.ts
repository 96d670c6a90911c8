/**
 * Figures that are taken in a process with the memory settings of `npm start`. They decide how much that was read lies about before V8
 * collects it: with its defaults, which the bench itself runs with, some 70 MB of a gigabyte.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure } from "./measure.ts";

const SETTINGS = ["--max-semi-space-size=1"];

/** `script`: beside this one; it prints its figures as JSON. */
export async function asTheServer(script: string): Promise<Figure[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...SETTINGS, path]);
  return JSON.parse(stdout) as Figure[];
}
