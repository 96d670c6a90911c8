/** The machine's Python, for engines that are written in it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const STAND_IN = fileURLToPath(new URL("stand-in-engine.py", import.meta.url));

/** Absolute path of the interpreter itself (not of a launcher that needs an environment); null where there is none. */
export const PYTHON = ((): string | null => {
  for (const name of ["python3", "python"]) {
    const { status, stdout } = spawnSync(name, [
      "-c",
      "import sys; assert sys.version_info >= (3, 9); print(sys.executable)",
    ]);
    if (status === 0) return stdout.toString().trim();
  }
  return null;
})();
