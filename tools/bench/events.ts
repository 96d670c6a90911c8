/** What happens next: events in the order of their times, a binary heap. */
type Event = { atS: number; turn: number; run: () => void };

type Events = {
  add(atS: number, run: () => void): void;
  /** Runs all up to this time; `tell` is told the time before each. */
  run(untilS: number, tell: (atS: number) => void): void;
};

export function createEvents(): Events {
  const heap: Event[] = [];
  let turns = 0;
  const before = (a: Event, b: Event) => a.atS < b.atS || (a.atS === b.atS && a.turn < b.turn);

  const add = (atS: number, run: () => void) => {
    const event = { atS, turn: turns++, run };
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  };

  const take = (): Event | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  };

  return {
    add,
    run(untilS, tell) {
      for (let event = take(); event && event.atS <= untilS; event = take()) {
        tell(event.atS);
        event.run();
      }
    },
  };
}
