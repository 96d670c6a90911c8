/** Searches a small world through whole: every order of steps, from its first state on. */

/** `fault`: what nobody may rely on to happen. `late`: happens, but may take minutes. */
export type Step<World> = { name: string; fault: boolean; late?: boolean; world: World };

export type Search<World> = {
  first: World;
  steps(world: World): Step<World>[];
  /** Worlds with the same key have the same future. */
  keyOf(world: World): string;
  /** What is wrong in a world the moment it is reached; null when nothing is. */
  wrongAtOnce(world: World): string | null;
  /**
   * What is wrong where it lasts: from here on, whatever everybody does (without faults), it never comes right. `soon`: late steps
   * are no help either.
   */
  lasting: { wrong(world: World): string | null; soon?: boolean }[];
  /** What is looked for: the search ends where it is wrong at once. */
  until?: string;
};

type Node<World> = {
  world: World;
  before: Node<World> | null;
  by: string;
  from: Node<World>[];
  soonFrom: Node<World>[];
};

/** How many worlds can be reached, and the shortest way to each wrong end. */
export function explore<World>(search: Search<World>): { worlds: number; wrong: Record<string, string[]> } {
  const first: Node<World> = { world: search.first, before: null, by: "", from: [], soonFrom: [] };
  const seen = new Map([[search.keyOf(first.world), first]]);
  const nodes = [first];
  const wrong: Record<string, string[]> = {};
  const note = (what: string | null, node: Node<World>) => {
    if (what !== null) wrong[what] ??= pathTo(node);
  };
  for (const node of nodes) {
    note(search.wrongAtOnce(node.world), node);
    if (search.until !== undefined && Object.hasOwn(wrong, search.until)) return { worlds: nodes.length, wrong };
    for (const { name, fault, late, world } of search.steps(node.world)) {
      const key = search.keyOf(world);
      let next = seen.get(key);
      if (!next) {
        next = { world, before: node, by: name, from: [], soonFrom: [] };
        seen.set(key, next);
        nodes.push(next);
      }
      if (fault) continue;
      next.from.push(node);
      if (!late) next.soonFrom.push(node);
    }
  }
  for (const { wrong: wrongIn, soon } of search.lasting) {
    const mended = new Set(nodes.filter(({ world }) => wrongIn(world) === null));
    for (const node of mended) for (const before of soon ? node.soonFrom : node.from) mended.add(before);
    for (const node of nodes) if (!mended.has(node)) note(wrongIn(node.world), node);
  }
  return { worlds: nodes.length, wrong };
}

function pathTo<World>(node: Node<World>): string[] {
  const path: string[] = [];
  for (let at = node; at.before; at = at.before) path.unshift(at.by);
  return path;
}
