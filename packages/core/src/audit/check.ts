/**
 * Whether a chain of the audit is as it was written. It finds any line that was changed, removed, put in or moved, and says which. What it
 * cannot find: that all lines from one on were rewritten by somebody who may write everywhere; for that a head that was logged
 * elsewhere is given along.
 */
import type { AuditStore } from "../audit.ts";
import { type AuditLine, type Chain, type Head, hashOf, readLine, START } from "./line.ts";

/** `place`: of the line, from 1 on; for lines that are missing, where they should be. */
export type AuditFault = { place: number; detail: string };
export type AuditReport = { lines: number; head: Head | null; faults: AuditFault[] };

/** More faults than this are not told. */
const MAX_FAULTS = 100;

/** `known`: heads that are known from elsewhere, such as the log. */
export async function checkAudit(
  store: Pick<AuditStore, "lines" | "head">,
  chain: Chain,
  known: readonly Head[] = [],
): Promise<AuditReport> {
  const faults: AuditFault[] = [];
  const noted = await store.head(chain);
  const wanted = new Map([...(noted ? [noted] : []), ...known].map(({ seq, hash }) => [seq, hash]));
  const seen = new Set<number>();
  let trimmed: Head = START;
  let first: AuditLine | null = null;
  let before: { seq: number; hash: string | null } = { seq: 0, hash: null };
  let place = 0;
  for await (const text of store.lines(chain)) {
    place += 1;
    const tell = (detail: string) => void faults.push({ place, detail });
    const line = readLine(text);
    if (line === null) {
      tell("cannot be read: it was changed, or cut off");
      before = { seq: before.seq + 1, hash: null };
      continue;
    }
    if (place === 1) {
      first = line;
      before = { seq: line.seq - 1, hash: null };
    }
    if (hashOf(line) !== line.hash) tell(`line ${line.seq} was changed: its hash is that of another line`);
    if (line.seq <= before.seq) {
      tell(`line ${line.seq} was put in, repeated or moved here: line ${before.seq + 1} is next`);
      continue;
    }
    if (line.seq > before.seq + 1) tell(missing(before.seq + 1, line.seq - 1));
    else if (before.hash !== null && before.hash !== line.prev) {
      tell(`line ${line.seq} was written after another line ${before.seq}: one of the two was exchanged`);
    }
    if (wanted.get(line.seq) !== undefined && wanted.get(line.seq) !== line.hash) {
      tell(`line ${line.seq} was exchanged: its hash was noted otherwise`);
    }
    seen.add(line.seq);
    if (line.kind === "trimmed") trimmed = { seq: Number(line.through), hash: String(line.through_hash) };
    before = { seq: line.seq, hash: line.hash };
  }
  const from = { place: 1, detail: missing(1, (first?.seq ?? 1) - 1) };
  // nothing but what was trimmed may be missing at the front
  if (
    first &&
    first.seq > 1 &&
    (trimmed.seq < first.seq - 1 || (trimmed.seq === first.seq - 1 && trimmed.hash !== first.prev))
  ) {
    faults.unshift(from);
  }
  const end = Math.max(0, ...wanted.keys());
  if (end > before.seq) faults.push({ place: place + 1, detail: missing(before.seq + 1, end) });
  const last = before.hash === null ? null : { seq: before.seq, hash: before.hash };
  return { lines: place, head: last, faults: faults.slice(0, MAX_FAULTS) };
}

function missing(from: number, to: number): string {
  return from === to ? `line ${from} is missing` : `lines ${from} to ${to} are missing`;
}
