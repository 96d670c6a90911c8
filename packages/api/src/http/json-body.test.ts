import { expect, it } from "vitest";
import { checkShape } from "./json-body.ts";

const check = (text: string) => () => checkShape(Buffer.from(text));
const refused = (loc: (string | number)[], msg: RegExp) =>
  expect.objectContaining({
    code: "invalid_request",
    errors: [expect.objectContaining({ loc, msg: expect.stringMatching(msg) })],
  });

it("lets small and flat JSON pass, and what is no JSON, which the route refuses", () => {
  for (const text of [
    "",
    "{}",
    "[[[1]]]",
    '{"a":"[[[[,,,,"}',
    '"\\"[',
    "]]]]",
    "nonsense",
    `${"[".repeat(32)}${"]".repeat(32)}`,
  ]) {
    expect(check(text), text).not.toThrow();
  }
  expect(check(JSON.stringify("[{,".repeat(50_000)))).not.toThrow();
});

it("refuses what is too deep or has too many values, before it is parsed", () => {
  expect(check("[".repeat(120_000))).toThrow(refused(["body"], /At most 32 levels/));
  expect(check('{"a":'.repeat(40_000))).toThrow(refused(["body"], /At most 32 levels/));
  expect(check(`[${"0,".repeat(100_000)}0]`)).toThrow(refused(["body"], /At most 10000 values/));
  expect(check("[],".repeat(50_000))).toThrow(refused(["body"], /At most 10000 values/));
});

it("names __proto__ wherever and however it is written", () => {
  const proto = refused(["body", "params", 1, "__proto__"], /__proto__/);
  expect(check('{"params":[0,{"__proto__":{}}]}')).toThrow(proto);
  expect(check('{"params":[0,{"\\u005f_proto__":{}}]}')).toThrow(proto);
  expect(check('{"params":["__proto__","\\u005f_proto__"]}')).not.toThrow();
});
