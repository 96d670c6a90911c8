/** What FaceFusion says while it works: sentences, and bars that are drawn over again. */
import { StringDecoder } from "node:string_decoder";

/** Characters of a line that are kept; a line that is longer is cut. */
const LINE_CHARS = 2000;
/** Shares of a run by the name of a bar: from, to. */
const SHARES: Record<string, readonly [number, number]> = {
  analysing: [0, 0.1],
  extracting: [0.05, 0.1],
  processing: [0.1, 0.95],
  merging: [0.95, 1],
};
const BAR = /^\s*(\w+):\s*(\d{1,3})%\|/;

/** Cuts text into lines at `\r` and `\n`, holding no more than one of them; give what it returns every chunk, and nothing at the end. */
export function barSplitter(onLine: (line: string) => void): (chunk?: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  let held = "";
  return (chunk) => {
    const parts = (held + (chunk ? decoder.write(chunk) : `${decoder.end()}\n`)).split(/[\r\n]+/);
    held = parts.pop()!.slice(0, LINE_CHARS);
    for (const line of parts) if (line.trim() !== "") onLine(line.slice(0, LINE_CHARS));
  };
}

/** How far a run is by a line that is a bar: 0–1; null for another line, and for bars that say nothing of that. */
export function shareOf(line: string): number | null {
  const bar = barOf(line);
  const share = bar && SHARES[bar.name];
  return share ? share[0] + (share[1] - share[0]) * Math.min(1, bar.percent / 100) : null;
}

export function barOf(line: string): { name: string; percent: number } | null {
  const [, name, percent] = BAR.exec(line) ?? [];
  return name === undefined ? null : { name, percent: Number(percent) };
}
