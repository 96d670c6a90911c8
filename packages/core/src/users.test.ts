import { beforeAll, describe, expect, it } from "vitest";
import { userEntry, usersOf } from "../../../test/support/users.ts";
import { readEnv } from "./env.ts";
import { isPassword, makeUser, ownerOfName, parseUsers, passwordFault, passwordMark } from "./users.ts";

let entry: string;
beforeAll(async () => {
  ({ entry } = await makeUser("alice", "correct horse é"));
});

describe("users", () => {
  it("have the password that they were made with, however its letters were composed", async () => {
    const { users: made, faults } = parseUsers(` ${entry} ,\n`);
    expect(faults).toEqual([]);
    expect([...made.keys()]).toEqual(["alice"]);
    expect(entry).not.toContain("horse");
    expect(await isPassword(made, "alice", "correct horse e\u0301")).toBe(true);
    const users = usersOf(userEntry("alice", "correct horse é"));
    expect(await isPassword(users, "alice", "correct horse é")).toBe(true);
    for (const wrong of ["correct horse e", "", "Correct horse é", "correct horse é "]) {
      expect(await isPassword(users, "alice", wrong), wrong).toBe(false);
    }
    expect(await isPassword(users, "Alice", "correct horse é")).toBe(false);
  });

  it("have a mark that changes with the hash", async () => {
    const again = userEntry("alice", "correct horse é");
    const marks = [entry, again].map((each) => passwordMark(parseUsers(each).users, "alice"));
    expect(new Set(marks).size).toBe(2);
    expect(entry).not.toContain(marks[0]!);
    expect(passwordMark(parseUsers(entry).users, "bob")).toBeNull();
  });

  it.each([
    ["alice:secret-password", "is not name:hash"],
    ["secret-password", "is not name:hash"],
    ["Alice@home:HASH", "is not a valid owner name"],
    ["public:HASH", "is reserved"],
    ["anon-1:HASH", "is reserved"],
    ["alice:scrypt.24.8.1.SALT", "is not name:hash"],
  ])("%s is refused, without what is in it", (text, fault) => {
    const [hash = ""] = entry.split(":").slice(1);
    const [, , , , salt, rest] = hash.split(".");
    const list = text.replace("HASH", hash).replace("SALT", `${salt}.${rest}`);
    const { faults } = parseUsers(`${entry},${list}`);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^entry 2 /);
    expect(faults[0]).toContain(fault);
    expect(faults[0]).not.toContain("secret");
    expect(() => readEnv({ USERS: list })).toThrow(/^The environment is invalid. USERS: entry 1 /);
  });

  it("have a name once", () => {
    expect(parseUsers(`${entry},${entry}`).faults).toEqual(["entry 2 has a name that is there before"]);
  });

  it("choose passwords of some length", () => {
    expect(passwordFault("1234567")).toContain("has 7 characters; at least 8");
    expect(passwordFault("x".repeat(1001))).toContain("at most 1000");
    expect(passwordFault("12345678")).toBeNull();
  });
});

it("a name stands for an owner of its own where there are no users", () => {
  expect(ownerOfName("alice")).toBe("alice");
  for (const name of ["public", "anon-1", "Alice", "alice@example.org", "阮", "../x"]) {
    expect(ownerOfName(name)).toMatch(/^user-[0-9a-f]{40}$/);
  }
  expect(ownerOfName("Alice")).not.toBe(ownerOfName("ALICE"));
});
