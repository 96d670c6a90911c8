/** What the parts of the bench have in common: how a figure looks, and how it is taken. */

export type Figure = {
  name: string;
  /** `E`: the distance of the outer corners of the eyes; `r`: a correlation; `levels`: of brightness, of 255. */
  unit: "s" | "ms" | "kB" | "MB" | "req/s" | "jobs/s" | "calls" | "frames" | "E" | "r" | "levels" | "px" | "×";
  value: number;
  /** What the project wants of it; null where it is only told. */
  target: number | null;
  /** Whether more is better. */
  rising?: boolean;
  /** The same machine's bound, taken in the same run: what the work cannot be faster than. */
  limit?: { name: string; value: number };
  /** All values that `value` is the median of. */
  runs?: number[];
  note?: string;
};

/** `stages`: by the stages of a clip, of one `size` alone; `against`: another checkout, whose figures are taken in turn with this one's. */
export type BenchOptions = { stages: boolean; size?: string | undefined; against?: string | undefined };
/** `onRequest`: takes minutes, so that it has to be named. */
export type Part = { name: string; figures: (options: BenchOptions) => Promise<Figure[]>; onRequest?: boolean };

export const RUNS = 5;

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds of each of `runs` calls. */
export async function timed(runs: number, call: (run: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const before = performance.now();
    await call(run);
    times.push(performance.now() - before);
  }
  return times;
}

/** Milliseconds, by the clock and of all processors. */
export type Spent = { wall: number; cpu: number };

/** Of one piece of work; `cpu`: milliseconds that its processes have used since they started. */
export async function spent(cpu: () => number, work: () => Promise<unknown>): Promise<Spent> {
  const [wallBefore, cpuBefore] = [performance.now(), cpu()];
  await work();
  return { wall: performance.now() - wallBefore, cpu: cpu() - cpuBefore };
}

export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function seconds(milliseconds: number[]): number[] {
  return milliseconds.map((ms) => ms / 1000);
}

/** `stop` answers by how many bytes the process has grown at most. */
export function watchMemory(): { stop: () => number } {
  const now = () => process.memoryUsage.rss();
  const before = now();
  let highest = before;
  const look = () => {
    highest = Math.max(highest, now());
  };
  const timer = setInterval(look, 20);
  return {
    stop() {
      look();
      clearInterval(timer);
      return highest - before;
    },
  };
}

/** As lines of a table, aligned. */
export function table(figures: Figure[]): string {
  const head = ["", "value", "target", "", "limit", "ratio", ""];
  const rows = figures.map((figure) => {
    const { name, unit, value, target, rising = false, limit, note } = figure;
    const met = target === null ? "" : (rising ? value >= target : value <= target) ? "ok" : "missed";
    return [
      name,
      `${show(value)} ${unit}`,
      target === null ? "" : `${rising ? "≥" : "≤"} ${show(target)}`,
      met,
      limit ? `${show(limit.value)} ${limit.name}` : "",
      limit ? show(value / limit.value) : "",
      note ?? "",
    ];
  });
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function show(value: number): string {
  if (Number.isInteger(value) && value < 1000) return String(value);
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
