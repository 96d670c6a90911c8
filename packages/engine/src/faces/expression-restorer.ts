/** The expression of a face that was swapped. The built-in swap never takes it away, so there is nothing to be given back. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { Processor } from "./processor.ts";

const NO_EFFECT: Warning = {
  code: "no_effect",
  detail:
    "expression_restorer changes nothing, whatever its `factor` and `areas`: the built-in swap keeps the target's expression, lids, gaze and mouth, so there is nothing " +
    "to be restored. Leave the step out.",
};

/** Changes nothing, and says so (`no_effect`), whatever its options. */
export const expressionRestorer: Processor<"expression_restorer"> = {
  name: "expression_restorer",
  unused: { model: "there is nothing to be restored" },
  async prepare() {
    return {
      warnings: [NO_EFFECT],
      apply: async ({ frame }) => ({ frame, changed: null, left: [] }),
    };
  },
};
