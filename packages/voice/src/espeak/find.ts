/** Whether eSpeak NG is installed, which is optional. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const PACKAGE = "@smileloop/voice-espeak";
export const ESPEAK_HELP = `Install ${PACKAGE} (docs/voices.md), which speaks all languages but English`;

/** The program; null where it, or what it loads, is missing. Loads nothing. */
export function findEspeak(): string | null {
  try {
    const script = fileURLToPath(import.meta.resolve(`${PACKAGE}/host.mjs`));
    if (!existsSync(script)) return null;
    return existsSync(createRequire(script).resolve("@echogarden/espeak-ng-emscripten")) ? script : null;
  } catch {
    return null;
  }
}
