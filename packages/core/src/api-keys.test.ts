import { describe, expect, it } from "vitest";
import {
  apiKeySha256,
  isApiKey,
  makeApiKey,
  ownerFault,
  ownerOfApiKey,
  ownerOfToken,
  parseApiKeys,
} from "./api-keys.ts";

describe("a key", () => {
  it("is 256 random bits behind a short prefix, and is let in by its hash alone", () => {
    const made = Array.from({ length: 50 }, () => makeApiKey("alice"));
    for (const { key, entry } of made) {
      expect(key).toMatch(/^sl_[a-z2-9]{6}_[A-Za-z0-9_-]{43}$/);
      expect(isApiKey(key)).toBe(true);
      expect(entry).toBe(`alice:${apiKeySha256(key)}`);
      expect(entry).not.toContain(key.slice(10));
    }
    expect(new Set(made.map(({ key }) => key)).size).toBe(50);
    const [first, second] = made;
    const { keys, faults } = parseApiKeys(first!.entry);
    expect(faults).toEqual([]);
    expect([...keys]).toEqual([[apiKeySha256(first!.key), "alice"]]);
    expect(ownerOfApiKey(keys, first!.key)).toBe("alice");
    expect(ownerOfApiKey(keys, second!.key)).toBeNull();
  });

  it("is nothing that differs by a character, and not its own hash", () => {
    const { key, entry } = makeApiKey("alice");
    const { keys } = parseApiKeys(entry);
    const flipped = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
    const others = [
      flipped,
      key.toUpperCase(),
      `${key} `,
      ` ${key}`,
      `${key},`,
      `${key}A`,
      key.slice(0, -1),
      `${key}\n`,
    ];
    for (const other of [...others, "", "sl_", entry, entry.slice(6), "constructor", "__proto__"]) {
      expect(ownerOfApiKey(keys, other), JSON.stringify(other)).toBeNull();
    }
  });
});

it("is not what people make up, though its hash is in the list", () => {
  const { keys, faults } = parseApiKeys(`alice:${apiKeySha256("password")},bob:${apiKeySha256("sl_bob_password")}`);
  expect(faults).toEqual([]);
  for (const text of ["password", "sl_bob_password"]) expect(ownerOfApiKey(keys, text)).toBeNull();
});

describe("the list of keys", () => {
  const hex = (digit: string) => digit.repeat(64);

  it("has several keys of one owner, with spaces and lines as people write them", () => {
    const { keys, faults } = parseApiKeys(` alice:${hex("a")} , alice:${hex("B")},\nbob-2 : ${hex("c")},`);
    expect(faults).toEqual([]);
    expect([...keys]).toEqual([
      [hex("a"), "alice"],
      [hex("b"), "alice"],
      [hex("c"), "bob-2"],
    ]);
    expect(parseApiKeys("")).toEqual({ keys: new Map(), faults: [] });
  });

  it("says which entry is wrong, and never what is in it", () => {
    const { key } = makeApiKey("alice");
    const good = `alice:${hex("a")}`;
    const wrong: [string, RegExp][] = [
      ["alice", /^entry 2 is not owner:sha256/],
      [`alice:${hex("a").slice(1)}`, /^entry 2 is not owner:sha256/],
      [`alice:${hex("d")}:x`, /^entry 2 is not owner:sha256/],
      [`:${hex("d")}`, /^entry 2 has an owner that is not a valid owner name/],
      [`Alice:${hex("d")}`, /^entry 2 has an owner that is not a valid owner name/],
      [`../x:${hex("d")}`, /^entry 2 has an owner that is not a valid owner name/],
      [`con:${hex("d")}`, /^entry 2 has an owner that is not a valid owner name/],
      [`public:${hex("d")}`, /^entry 2 has an owner that is reserved/],
      [`anon-1:${hex("d")}`, /^entry 2 has an owner that is reserved/],
      [`bob:${hex("a")}`, /^entry 2 has the key of another owner/],
      [key, /^entry 2 holds a key itself/],
      [`alice:${key}`, /^entry 2 holds a key itself/],
    ];
    for (const [entry, is] of wrong) {
      const { faults } = parseApiKeys(`${good},${entry}`);
      expect(faults, entry).toHaveLength(1);
      expect(faults[0], entry).toMatch(is);
      expect(faults[0], entry).not.toContain(key.slice(10));
    }
    expect(ownerFault("local")).toBeNull();
  });
});

describe("a browser's token", () => {
  it("stands for an owner of its own, which does not give it away", () => {
    const token = "f3a9c05d7e1b48266a0d94c7b18e52f0";
    expect(ownerOfToken(token)).toMatch(/^anon-[0-9a-f]{40}$/);
    expect(ownerOfToken(token)).toBe(ownerOfToken(token));
    expect(ownerOfToken(token)).not.toContain(token.slice(0, 8));
    expect(ownerOfToken(`${token}0`)).not.toBe(ownerOfToken(token));
    expect(ownerFault(ownerOfToken(token)!)).toContain("is reserved");
  });

  it("is long and random enough", () => {
    const token = "f3a9c05d7e1b48266a0d94c7b18e52f0";
    expect(ownerOfToken("Zm9v-YmF_".repeat(14))).not.toBeNull();
    const weak = ["", token.slice(1), "0".repeat(64), "ab".repeat(30), `${token}=`, `${token} `, token.repeat(5)];
    for (const text of weak) expect(ownerOfToken(text), JSON.stringify(text)).toBeNull();
  });
});
