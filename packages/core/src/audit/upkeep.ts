/** What is old goes from the front of each chain, once a day. */
import type { AuditStore } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { CHAIN_NAMES, CHAINS, readLine } from "./line.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Takes away the lines that were kept long enough, after a line that says so. Answers how many. */
export async function trimAudit(store: AuditStore, clock: Pick<Clock, "now">): Promise<number> {
  let count = 0;
  for (const chain of CHAIN_NAMES) {
    const before = clock.now() - CHAINS[chain].keepDays * DAY_MS;
    let last: { seq: number; hash: string } | null = null;
    for await (const text of store.lines(chain)) {
      const line = readLine(text);
      // what cannot be read is left for the check
      if (line === null || Date.parse(line.at) >= before) break;
      last = { seq: line.seq, hash: line.hash };
      count += 1;
    }
    if (last === null) continue;
    const details = { through: last.seq, through_hash: last.hash };
    await store.append({ kind: "trimmed", chain, at: clock.now(), details });
    await store.trim(chain, last.seq);
  }
  return count;
}
