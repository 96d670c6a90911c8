/** What a job asks for that the built-in engine has no choice of: said in the result, with what is used instead. Pure. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { ProcessorStep } from "@smileloop/core/faces/processors.ts";
import type { Detector, Execution } from "@smileloop/core/faces/selection.ts";
import { LEAST_SCORE } from "../face/search.ts";
import type { AnyProcessor } from "./index.ts";

/** Codes `detector_ignored` and `execution_ignored`. */
export function warnOfChoices({ model, score }: Detector, { providers, threads }: Execution): Warning[] {
  const warnings: Warning[] = [];
  if (model !== undefined) {
    const detail = `Faces are found by the engine's own detector: it has no ${model}.`;
    warnings.push({ code: "detector_ignored", detail });
  }
  if (score < LEAST_SCORE) {
    const detail = `The detector's score ${score} finds no more faces than ${LEAST_SCORE}, the least that this engine takes.`;
    warnings.push({ code: "detector_ignored", detail });
  }
  const others = providers.filter((provider) => provider !== "cpu");
  if (others.length === 0 && threads === 1) return warnings;
  const asked = [...others, ...(threads === 1 ? [] : [`${threads} threads`])].join(", ");
  return [
    ...warnings,
    { code: "execution_ignored", detail: `This engine works on the processor, on one thread: it has no ${asked}.` },
  ];
}

/** Code `option_ignored`, once for each option of each processor. */
export function warnOfOptions(steps: readonly ProcessorStep[], processors: readonly AnyProcessor[]): Warning[] {
  const told = new Map<string, Warning>();
  for (const { name, ...options } of steps) {
    const { unused = {} } = processors.find((processor) => processor.name === name) ?? {};
    for (const [option, value] of Object.entries(options)) {
      const instead = unused[option];
      if (instead === undefined || value === undefined) continue;
      const detail = `\`${option}\` ${value} of ${name} is not used by this engine: ${instead}.`;
      told.set(`${name} ${option}`, { code: "option_ignored", detail });
    }
  }
  return [...told.values()];
}
