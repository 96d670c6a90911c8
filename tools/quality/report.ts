/** The table: every figure beside its goal, and the medians over portraits. */
import { type Figures, GOALS, type Goal, type Metric, passes } from "./metrics.ts";

type Row = {
  portrait: string;
  presets: { name: string; figures: Figures }[];
  closest: { pair: string; distance: number } | null;
};

/** What two presets have to be apart; a big smile against a gentle one. */
const APART = 0.3;
const BIGGER = 1.4;

/** By preset, then by metric. */
type Medians = Record<string, Figures>;

export function report(rows: Row[]): { markdown: string; json: { rows: unknown; medians: Medians }; failures: number } {
  const metrics = Object.keys(GOALS) as Metric[];
  const lines = ["# Quality", "", "A figure in **bold** misses its goal.", ""];
  lines.push(`| portrait | preset | ${metrics.map((metric) => heading(metric)).join(" | ")} |`);
  lines.push(`| --- | --- | ${metrics.map(() => "---").join(" | ")} |`);
  let failures = 0;
  const marked = (value: number, good: boolean, digits = 2): string => {
    if (!good) failures++;
    return good ? value.toFixed(digits) : `**${value.toFixed(digits)}**`;
  };
  for (const { portrait, presets } of rows) {
    for (const { name, figures } of presets) {
      const cells = metrics.map((metric) => {
        const value = figures[metric];
        return value === undefined ? "" : marked(value, passes(metric, value));
      });
      lines.push(`| ${portrait} | ${name} | ${cells.join(" | ")} |`);
    }
  }
  lines.push(
    "",
    `| portrait | big smile / gentle smile (≥ ${BIGGER}) | closest two presets (≥ ${APART}) |`,
    "| --- | --- | --- |",
  );
  for (const { portrait, presets, closest } of rows) {
    const travel = (name: string) => presets.find((preset) => preset.name === name)?.figures.amplitude;
    const [gentle, big] = [travel("gentle_smile"), travel("big_smile")];
    const ratio = gentle && big ? marked(big / gentle, big / gentle >= BIGGER) : "";
    const pair = closest ? `${marked(closest.distance, closest.distance >= APART)} ${closest.pair}` : "";
    lines.push(`| ${portrait} | ${ratio} | ${pair} |`);
  }
  const medians = mediansOf(rows);
  lines.push("", "Medians over the portraits:", "");
  lines.push(
    `| preset | ${metrics.map((metric) => heading(metric)).join(" | ")} |`,
    `| --- | ${metrics.map(() => "---").join(" | ")} |`,
  );
  for (const [name, figures] of Object.entries(medians)) {
    lines.push(`| ${name} | ${metrics.map((metric) => figures[metric]?.toFixed(2) ?? "").join(" | ")} |`);
  }
  const all = rows.flatMap(({ presets }) => presets.flatMap(({ figures }) => Object.keys(figures))).length;
  lines.push("", `${failures} misses among some ${all} figures.`, "");
  const plain = rows.map(({ portrait, presets, closest }) => ({
    portrait,
    closest,
    presets: presets.map(({ name, figures }) => ({ name, ...figures })),
  }));
  return { markdown: lines.join("\n"), json: { rows: plain, medians }, failures };
}

export function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([metric, value]) => [metric, Math.round(value * 1000) / 1000]),
  );
}

function heading(metric: Metric): string {
  const { name, unit, from, to }: Goal = GOALS[metric];
  const goal = [from === undefined ? "" : `≥ ${from}`, to === undefined ? "" : `≤ ${to}`].filter(Boolean).join(", ");
  return `${name} (${goal}${goal ? " " : ""}${unit})`;
}

function mediansOf(rows: Row[]): Medians {
  const names = [...new Set(rows.flatMap(({ presets }) => presets.map(({ name }) => name)))];
  return Object.fromEntries(
    names.map((name) => {
      const all = rows.flatMap(({ presets }) => presets.filter((preset) => preset.name === name));
      const figures: Figures = {};
      for (const metric of Object.keys(GOALS) as Metric[]) {
        const values = all.flatMap((one) => one.figures[metric] ?? []).sort((a, b) => a - b);
        if (values.length > 0) figures[metric] = values[values.length >> 1]!;
      }
      return [name, rounded(figures)];
    }),
  );
}
