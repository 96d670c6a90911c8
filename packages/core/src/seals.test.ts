import { expect, test } from "vitest";
import { createSeals, sealerOf, secretsOf } from "./seals.ts";

const key = (byte: number) => Buffer.alloc(32, byte);
const seals = createSeals([key(1)]);
const PLACE = { id: "a-job", field: "api_key" };
const SECRET = "sk-ключ-1";
const broken = expect.objectContaining({ code: "seal_broken" });

test("a secret comes out as it went in, and no two seals of it are alike", () => {
  const [one, two] = [seals.seal(SECRET, PLACE), seals.seal(SECRET, PLACE)];
  expect([one, two].map((sealed) => seals.open(sealed, PLACE))).toEqual([SECRET, SECRET]);
  expect(one).not.toBe(two);
  expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("sk-");
});

test("a seal opens for its job and its field alone, and not once it was changed", () => {
  const sealed = seals.seal(SECRET, PLACE);
  for (const place of [
    { ...PLACE, id: "another" },
    { ...PLACE, field: "other" },
    { id: "a-job/api", field: "key" },
  ]) {
    expect(() => seals.open(sealed, place)).toThrow(broken);
  }
  const bytes = Buffer.from(sealed, "base64url");
  for (const at of [0, 11, 12, bytes.length - 17, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(() => seals.open(changed.toString("base64url"), PLACE)).toThrow(broken);
  }
  for (const text of ["", "short", sealed.slice(0, 30)]) expect(() => seals.open(text, PLACE)).toThrow(broken);
});

test("after a change of keys the former one still opens, until it is taken away", () => {
  const sealed = seals.seal(SECRET, PLACE);
  expect(createSeals([key(2), key(1)]).open(sealed, PLACE)).toBe(SECRET);
  expect(() => createSeals([key(2)]).open(sealed, PLACE)).toThrow(/`api_key`.*Create the job again/);
});

test("a digest is the same for the same text and key, and tells nothing without the key", () => {
  expect(seals.digest("text")).toBe(createSeals([key(1), key(2)]).digest("text"));
  expect(seals.digest("text")).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set([seals.digest("text"), seals.digest("texts"), createSeals([key(2)]).digest("text")]).size).toBe(3);
});

test("the secrets of a job are sealed for its id; without a key there can be none", () => {
  const sealed = sealerOf(seals, { api_key: SECRET })!("a-job");
  expect(secretsOf(seals, { id: "a-job", sealed })).toEqual({ api_key: SECRET });
  expect(secretsOf(undefined, { id: "a-job" })).toEqual({});
  expect(sealerOf(undefined, {})).toBeUndefined();
  expect(() => sealerOf(undefined, { api_key: SECRET })).toThrow(/SEAL_KEY/);
  expect(() => secretsOf(undefined, { id: "a-job", sealed })).toThrow(broken);
});
