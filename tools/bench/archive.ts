/** The archive of a batch, made by a process with the memory settings of `npm start`: they decide how much garbage there is at a time. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Part } from "./measure.ts";

const SCRIPT = fileURLToPath(new URL("archive-figures.ts", import.meta.url));

export const archive: Part = {
  name: "archive",
  async figures() {
    const { stdout } = await promisify(execFile)(process.execPath, ["--max-semi-space-size=1", SCRIPT]);
    return JSON.parse(stdout) as Figure[];
  },
};
