/** The kinds of an installation with these engines. */
import { createKinds, KINDS } from "@smileloop/core/kinds/index.ts";
import type { KindEntry, Kinds } from "@smileloop/core/kinds/kind.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";

/** `engines`: those that serve `animate` here, the default first. `more`: kinds of a test. */
export function kindsWith(
  presets: ReadonlyMap<string, Preset>,
  engines: string[],
  queues?: string[],
  more: KindEntry[] = [],
): Kinds {
  return createKinds({
    presets,
    kinds: [...KINDS, ...more],
    engines: {
      known: ["warp", "liveportrait"].map((name) => ({ name, kinds: ["animate", "talk"] })),
      serve: new Map([
        ["animate", engines],
        ["talk", engines],
      ]),
    },
    ...(queues ? { queues: new Set(queues) } : {}),
  });
}
