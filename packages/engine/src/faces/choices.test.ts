import { PROCESSORS as ENTRIES, processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { expect, test } from "vitest";
import type { ZodType } from "zod";
import { warnOfChoices, warnOfOptions } from "./choices.ts";
import { PROCESSORS } from "./index.ts";

const PLAIN = { providers: ["cpu"], threads: 1 };

test("choices that the engine does not have are told", () => {
  expect(warnOfChoices({ score: 0.5 }, PLAIN)).toEqual([]);
  const [detector, execution] = warnOfChoices(
    { model: "retinaface", score: 0.9 },
    { providers: ["cuda", "cpu"], threads: 4 },
  );
  expect(detector).toMatchObject({ code: "detector_ignored", detail: expect.stringContaining("retinaface") as string });
  expect(execution).toMatchObject({
    code: "execution_ignored",
    detail: expect.stringMatching(/cuda, 4 threads/) as string,
  });
  expect(warnOfChoices({ score: 0.2 }, PLAIN)).toEqual([
    { code: "detector_ignored", detail: expect.stringMatching(/score 0.2 .* 0.5/) as string },
  ]);
});

test("an option that a step does not follow is named once, with what is used instead", () => {
  const asked = [
    { name: "face_swapper", weight: 0.3, model: "inswapper_128" },
    { name: "face_enhancer", blend: 50 },
  ];
  const steps = [...asked, ...asked].map((step) => processorStepSchema.parse(step as never));
  const warnings = warnOfOptions(steps, PROCESSORS);
  expect(warnings.map(({ code }) => code)).toEqual(["option_ignored", "option_ignored"]);
  expect(warnings.map(({ detail }) => detail.split(" is not used")[0])).toEqual([
    "`model` inswapper_128 of face_swapper",
    "`weight` 0.3 of face_swapper",
  ]);
  expect(warnings[1]!.detail).toMatch(/the source's face is laid on in full/);
});

/** What has no default is known by engines with models of their own: a step here follows it, or says that it does not. */
test("no option without a default is ignored in silence", () => {
  for (const { name, unused = {} } of PROCESSORS) {
    const { options } = ENTRIES.find((entry) => entry.name === name)!;
    const open = Object.entries(options as Record<string, ZodType>).filter(
      ([, option]) => option.safeParse(undefined).data === undefined,
    );
    expect([name, Object.keys(unused)]).toEqual([name, open.map(([option]) => option)]);
  }
});
