/** A sound as stretches of time with one mouth shape each. */
import type { Spoken, SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import { type Shape, shapesOf } from "./phones.ts";
import type { Viseme } from "./visemes.ts";

/** Seconds. `sure`: 0–1, how certain the shape and its time are. In order, without gaps: what is not spoken is `sil`. */
export type Segment = { start: number; end: number; viseme: Viseme; phone?: string; sure: number };

/** Pauses that are shorter, between phones, are how voices round their times. */
const LEAST_PAUSE = 0.02;

/** The segments of a sound of `seconds` whose voice told its phones: exact. Times beyond its end are cut. */
export function segmentsOf(spoken: Pick<Spoken, "phones">, seconds: number): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const { phone, start, end } of inOrder(spoken.phones, seconds)) {
    const from = Math.max(at, start);
    if (end <= from) continue;
    const begins = from - at < LEAST_PAUSE && segments.length > 0 ? at : from;
    if (begins > at) segments.push({ start: at, end: begins, viseme: "sil", sure: 1 });
    const shapes = shapesOf(phone);
    for (const [nth, shape] of shapes.entries()) {
      const share = (part: number) => begins + ((end - begins) * part) / shapes.length;
      const viseme = shape === "next" ? PENDING : shape;
      segments.push({ start: share(nth), end: share(nth + 1), viseme: viseme as Viseme, phone, sure: 1 });
    }
    at = end;
  }
  if (at < seconds) segments.push({ start: at, end: seconds, viseme: "sil", sure: 1 });
  return withShapesOfNext(segments);
}

const PENDING = "next" satisfies Shape;

/** Breaths and glottal stops look like the vowel after them, or, at the end, before them. */
function withShapesOfNext(segments: Segment[]): Segment[] {
  const pending = (segment: Segment | undefined): boolean => (segment?.viseme as Shape | undefined) === PENDING;
  for (let i = segments.length - 1; i >= 0; i--) {
    const next = segments[i + 1]?.viseme;
    if (pending(segments[i]) && next !== undefined && next !== "sil") segments[i]!.viseme = next;
  }
  for (const [i, segment] of segments.entries()) {
    if (pending(segment)) segment.viseme = segments[i - 1]?.viseme ?? "sil";
  }
  return segments;
}

function inOrder(phones: readonly SpokenPhone[], seconds: number): SpokenPhone[] {
  return phones
    .map(({ phone, start, end }) => ({ phone, start, end: Math.min(end, seconds) }))
    .sort((a, b) => a.start - b.start);
}
