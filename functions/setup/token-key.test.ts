import { expect, it } from "vitest";
import { userEntry, usersOf } from "../../test/support/users.ts";
import { tokenKeyOf } from "./token-key.ts";

const alice = userEntry("alice", "correct horse");
const bob = userEntry("bob", "bobs password", 2);

it("tokens are signed with the installation's secret, whoever the users are; else with what only the hashes tell", () => {
  const hex = (entries: string[], secret?: Uint8Array) =>
    Buffer.from(tokenKeyOf({ USERS: usersOf(...entries) }, secret) ?? []).toString("hex");
  const secret = new Uint8Array(32).fill(5);
  expect(hex([alice], secret)).toBe(hex([], secret));
  expect(hex([alice], secret)).toHaveLength(64);
  expect(hex([alice], secret)).not.toBe(Buffer.from(secret).toString("hex"));
  // of each instance of a function, in whatever order they are named
  expect(hex([alice, bob])).toBe(hex([bob, alice]));
  expect(new Set([hex([alice]), hex([bob]), hex([alice, bob]), hex([userEntry("alice", "other horse")])]).size).toBe(4);
  expect(tokenKeyOf({ USERS: new Map() })).toBeUndefined();
});
