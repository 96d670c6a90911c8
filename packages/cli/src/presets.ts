/** The presets that ship, as text for people or as JSON. */
import { fileURLToPath } from "node:url";
import { loadPresets, presetPeaks } from "@smileloop/core/motion/preset.ts";

export const PRESETS_DIR = fileURLToPath(new URL("../../../presets", import.meta.url));

export function listPresets(json: boolean): string {
  const presets = [...loadPresets(PRESETS_DIR).values()];
  if (json) {
    const list = presets.map((preset) => {
      const { name, title, description, duration, fps, loop } = preset;
      return { name, title, description, duration, fps, loop, channels: presetPeaks(preset) };
    });
    return `${JSON.stringify(list, null, 2)}\n`;
  }
  const width = Math.max(...presets.map((preset) => preset.name.length));
  return presets
    .map(({ name, description, duration, loop }) => {
      return `${name.padEnd(width)}  ${description} (${duration} s${loop ? ", loops" : ""})\n`;
    })
    .join("");
}
