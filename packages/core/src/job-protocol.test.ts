import { describe, expect, test } from "vitest";
import { explore, RULES, type Rule, type WrongEnd } from "../../../test/support/job-protocol-model.ts";

describe("the job protocol, every order of events", () => {
  test("no wrong end can be reached", () => {
    const { states, wrongEnds } = explore();
    expect(Object.fromEntries(wrongEnds)).toEqual({});
    // far fewer would mean that something cannot happen any more
    expect(states).toBeGreaterThan(50_000);
  });

  const brought: Record<Rule, WrongEnd> = {
    ownWrite: "succeeded without its file",
    fence: "written by somebody else than the holder",
    filesPerAttempt: "succeeded without its file",
    timerFirst: "files left",
    resend: "stuck",
    sweeperMovesTimer: "never swept",
    nextBeforeDrop: "never swept",
    tombstone: "files left",
    closing: "stuck",
    secondPurge: "files left",
  };
  test.each(Object.entries(brought) as [Rule, WrongEnd][])("without %s: %s", (rule, wrongEnd) => {
    expect([...explore([rule], true).wrongEnds.keys()]).toContain(wrongEnd);
  });

  test("every rule has its case", () => {
    expect(Object.keys(brought).sort()).toEqual(Object.keys(RULES).sort());
  });
});
