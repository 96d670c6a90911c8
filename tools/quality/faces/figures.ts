/** A figure of a step of faces, and what is wanted of it. */
export type FaceFigure = {
  name: string;
  value: number;
  unit: "dB" | "E" | "pixels" | "×" | "cos" | "ΔE" | "pairs";
  from?: number;
  to?: number;
};

/** `portraits`, `clips`: absolute paths of more pictures, and of videos, with a face. `out`: a folder for sheets to look at. */
export type FacePart = {
  name: string;
  figures(options: { portraits: string[]; clips: string[]; out: string | null }): Promise<FaceFigure[]>;
};

export function misses({ value, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: FaceFigure): boolean {
  return !(value >= from && value <= to);
}

export function faceTable(figures: FaceFigure[]): string {
  const lines = ["| | value | goal |", "| --- | --- | --- |"];
  for (const figure of figures) {
    const { name, value, unit, from, to } = figure;
    const digits = unit === "pixels" || unit === "pairs" ? 0 : unit === "E" ? 3 : 2;
    const shown = `${value.toFixed(digits)} ${unit}`;
    const goal = [from === undefined ? "" : `≥ ${from}`, to === undefined ? "" : `≤ ${to}`].filter(Boolean).join(", ");
    lines.push(`| ${name} | ${misses(figure) ? `**${shown}**` : shown} | ${goal} |`);
  }
  return lines.join("\n");
}
