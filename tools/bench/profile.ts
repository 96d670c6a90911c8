/** What a profile of an engine (`node --cpu-prof`) says of the drawing of frames. */

type CallFrame = { functionName: string; url: string };
type Profile = {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
};

/** Files that take less than this share of the drawing are summed up. */
const LEAST = 0.02;
const SOURCES = "packages/engine/src/";

/**
 * Milliseconds of a puppet's frames by source file, most first. What has no source in the engine (the kernel, built-in functions) counts
 * as its caller's.
 */
export function profiledParts(profiles: string[]): { file: string; ms: number }[] {
  const byFile = new Map<string, number>();
  for (const text of profiles) {
    const profile = JSON.parse(text) as Profile;
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
    profile.samples.forEach((sample, i) => {
      let file: string | undefined;
      for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
        const { url, functionName } = nodes.get(id)!.callFrame;
        const own = url.split(SOURCES)[1];
        file ??= own;
        if (own !== "warp/puppet.ts" || functionName !== "frame") continue;
        byFile.set(file!, (byFile.get(file!) ?? 0) + profile.timeDeltas[i]! / 1000);
        break;
      }
    });
  }
  const sum = [...byFile.values()].reduce((total, ms) => total + ms, 0);
  const parts = [...byFile].map(([file, ms]) => ({ file, ms })).sort((a, b) => b.ms - a.ms);
  const shown = parts.filter(({ ms }) => ms >= LEAST * sum);
  return [...shown, { file: "the rest", ms: sum - shown.reduce((total, { ms }) => total + ms, 0) }];
}
