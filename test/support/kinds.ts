/** The kinds of an installation with these engines. */
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";

/** `engines`: those that serve `animate` here, the default first. */
export function kindsWith(presets: ReadonlyMap<string, Preset>, engines: string[], queues?: string[]): Kinds {
  return createKinds({
    presets,
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
