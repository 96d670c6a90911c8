import { expect, test } from "vitest";
import { canonicalId, childId, idTimeMs, isId, isJobId, newId, newToken, rootOf, uuidVersion } from "./ids.ts";

const NOW = Date.parse("2026-01-02T03:04:05.678Z");

test("ids are UUIDv7: version 7, variant 10, and their moment", () => {
  const id = newId(NOW);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(id[12]).toBe("7");
  expect("89ab").toContain(id[16]);
  expect(idTimeMs(id)).toBe(NOW);
  expect(isId(id)).toBe(true);
});

test("ids are in the order of their moments", () => {
  const ids = [0, 1, 1000, NOW, NOW + 1, 2 ** 48 - 1].map(newId);
  expect(ids.toSorted()).toEqual(ids);
});

test("74 bits differ from id to id", () => {
  const ids = Array.from({ length: 200 }, () => BigInt(`0x${newId(NOW)}`));
  const seen = ids.reduce((bits, id) => bits | (id ^ ids[0]!), 0n);
  expect(seen.toString(2).replaceAll("0", "")).toHaveLength(74);
});

test.each([
  "",
  "x",
  "019B7CC2A3AE7000A000000000000000",
  "019b7cc2a3ae7000a0000000000000000",
  "019b7cc2a3ae7000a000000000000000\n",
  "019b7cc2a3ae7000c000000000000000",
  "0".repeat(32),
  "../../../../etc/passwd0000000000",
])("%j is no id", (text) => {
  expect(isId(text)).toBe(false);
});

test("tokens are 128 bits", () => {
  expect(newToken()).toMatch(/^[0-9a-f]{32}$/);
  expect(newToken()).not.toBe(newToken());
});

test.each([0, 1, 10, 99_999])("child %i has its root and number in its id", (index) => {
  const root = newId(NOW);
  const id = childId(root, index);
  expect(id).toBe(`${root}.${index}`);
  expect(rootOf(id)).toEqual({ root, index });
  expect([isJobId(id), isJobId(root), isId(id)]).toEqual([true, true, false]);
  expect(idTimeMs(id)).toBe(NOW);
});

test.each(["", ".", ".01", ".100000", ".-1", ".1.1", ".1 ", ".x", ".1\n", "1", "/1"])(
  "a root followed by %j is not a child",
  (end) => {
    expect(rootOf(`${newId(NOW)}${end}`)).toBeNull();
    expect(rootOf(`${"0".repeat(32)}${end}`)).toBeNull();
  },
);

test("a child has no children, and no number beyond 99,999", () => {
  const root = newId(NOW);
  for (const make of [() => childId(childId(root, 0), 0), () => childId(root, 100_000), () => childId(root, 0.5)]) {
    expect(make).toThrow(RangeError);
  }
});

test("an id with dashes, in any case, is the same id; other text stays as it is", () => {
  const id = newId(NOW);
  const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  expect([id, dashed, dashed.toUpperCase()].map(canonicalId)).toEqual([id, id, id]);
  for (const text of ["", "a-b", `${dashed} `, `{${dashed}}`, dashed.slice(1)]) expect(canonicalId(text)).toBe(text);
  expect([uuidVersion(id), uuidVersion(dashed), uuidVersion(`${"0".repeat(12)}4${"0".repeat(19)}`)]).toEqual([
    7,
    null,
    4,
  ]);
});
