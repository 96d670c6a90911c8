/** The two tests that every model has: its rules are enough, and none can be left out. */
import { expect, test } from "vitest";
import type { explore } from "./explore.ts";

/** `start`: what may go wrong. `until`: a wrong end that is looked for; the search may end there. */
type SearchModel<Rule, Start> = (rules: ReadonlySet<Rule>, start: Start, until?: string) => ReturnType<typeof explore>;

/** `least`: worlds that each start reaches at least, by which a search that ends at once is noticed. */
export function testRulesSuffice<Rule extends string, Start extends object>(
  rules: readonly Rule[],
  search: SearchModel<Rule, Start>,
  { starts, least }: { starts: readonly Start[]; least: number },
): void {
  test.each(starts)("with all rules no wrong end can be reached: %j", (start) => {
    const { worlds, wrong } = search(new Set(rules), start);
    expect(wrong).toEqual({});
    expect(worlds).toBeGreaterThan(least);
  });
}

/** `needed`: what comes back without the rule, and what has to go wrong for that, which is no more than in the other test. */
export function testRulesAreNeeded<Rule extends string, Start>(
  rules: readonly Rule[],
  search: SearchModel<Rule, Start>,
  needed: Readonly<Record<Rule, { wrong: string; left: Start }>>,
): void {
  test.each(rules)("without '%s' one comes back", (rule) => {
    const { wrong, left } = needed[rule];
    const found = search(new Set(rules.filter((other) => other !== rule)), left, wrong);
    expect(Object.keys(found.wrong)).toContain(wrong);
  });
}
