import { describe, expect, test } from "vitest";
import type { Agreements } from "./agreement.ts";
import { requireMotion, warnOfWeak } from "./judge-motion.ts";
import type { Strength, Strengths } from "./strength.ts";

const seen = (share: number) => ({ asked: 500, share, likeness: 0.9 });
const strength = (share: number, spread = 0.1): Strength => ({ asked: 500, share, spread });
const none: Strengths = { whole: { asked: 0, share: 1, spread: Number.POSITIVE_INFINITY }, each: new Map() };

describe("a motion that is refused", () => {
  const agreements = (yaw: number): Agreements => ({
    ...{ all: seen(0.9), whole: seen(0.9) },
    each: new Map([["yaw", { asked: 44, share: yaw, likeness: yaw }]]),
  });
  const followed = (yaw: number): Strengths => ({ ...none, each: new Map([["yaw", strength(yaw)]]) });
  const judge = (yaw: number, strengths: Strengths) => () =>
    requireMotion({ agreements: agreements(yaw), strengths }, false, "");

  test("a turn of the head that nothing shows", () => {
    expect(judge(-0.1, none)).toThrow("of the turn of the head, 0 % of it is seen");
    expect(judge(-0.1, followed(0.05))).toThrow("of the turn of the head, 0 % of it is seen");
    expect(judge(0.8, none)).not.toThrow();
  });

  // the mesh of one painted face stood still, or turned the other way, while the face turned as asked (flirt, 256²)
  test("not one that the landmarks miss, where it can be followed", () => {
    expect(judge(-0.11, followed(1.2))).not.toThrow();
  });
});

describe("a motion that is weak", () => {
  const demands = [{ kind: "smile" as const, frames: [5], asked: [0.8] }];
  const judge = (strengths: Strengths, native = false) =>
    warnOfWeak(
      { demands, strengths, followed: new Map([[5, { smile: 0.072 }]]), perhapsFrozen: undefined },
      { fps: 10, ...(native && { native: {} as never }) },
      "",
    );
  const both = (share: number, spread?: number): Strengths => {
    const one = strength(share, spread);
    return { whole: one, each: new Map([["smile", one]]) };
  };

  test("half a smile is told with its figures, nearly all of it is not", () => {
    expect(judge(both(0.5))).toEqual([
      { code: "motion_weak", detail: "The mouth smiles less than asked: 0.40 of 0.80 at 0.5 s." },
    ]);
    expect(judge(both(0.75, 0.05))).toEqual([]);
  });

  test("what can't be told surely is not told, and what engines show in their own way only where hardly any of it is seen", () => {
    expect(judge(both(0.5, 0.3))).toEqual([]);
    expect(judge(both(0.5), true)).toEqual([]);
    expect(judge(both(0.3), true)).toHaveLength(1);
  });

  test("a single movement is told where clearly less of it is seen, though the whole is strong", () => {
    const among = (share: number): Strengths => ({
      whole: strength(0.95),
      each: new Map([["smile", strength(share)]]),
    });
    expect(judge(among(0.6))).toEqual([]);
    expect(judge(among(0.4))).toHaveLength(1);
  });

  test("a weak whole is told where no movement is", () => {
    expect(judge({ ...none, whole: strength(0.52, 0.06) })).toEqual([
      { code: "motion_weak", detail: "The motion is weaker than asked: about 52 % of it is seen." },
    ]);
    expect(judge(none)).toEqual([]);
  });
});
