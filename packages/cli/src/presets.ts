/** The presets there are, as text for people or as JSON. */
import { fileURLToPath } from "node:url";
import { presetsDirOf } from "@smileloop/core/env.ts";
import { loadPresets, type Preset, presetPeaks } from "@smileloop/core/motion/preset.ts";

const BUILT_IN = fileURLToPath(new URL("../../../presets", import.meta.url));

/** Those that ship, and those of PRESETS_DIR. */
export function knownPresets(): Map<string, Preset> {
  return loadPresets(BUILT_IN, presetsDirOf());
}

export function listPresets(json: boolean): string {
  const presets = [...knownPresets().values()];
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
