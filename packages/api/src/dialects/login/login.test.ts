/** Logging in, and what the token is good for. */
import { makeApiKey, parseApiKeys } from "@smileloop/core/api-keys.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../../../test/support/api.ts";
import { multipart } from "../../../../../test/support/multipart.ts";
import { userEntry, usersOf } from "../../../../../test/support/users.ts";

const PASSWORD = "correct horse";
const KEY = new Uint8Array(32).fill(1);
const BOB = userEntry("bob", "bobs password");
const users = usersOf(userEntry("alice", PASSWORD), BOB);
const changed = usersOf(userEntry("alice", "another horse", 2), BOB);

let api: TestApi;
beforeEach(async () => {
  api = testApi({ access: { keys: new Map(), anonymous: false, users } }, { tokenKey: KEY });
  await api.listen();
});
afterEach(() => api.close());

function post(
  path: string,
  body: string | Buffer<ArrayBuffer> | URLSearchParams,
  type?: string,
  at = api,
): Promise<Response> {
  return fetch(`${at.url}${path}`, { method: "POST", body, headers: type ? { "Content-Type": type } : {} });
}
const json = (value: object, path = "/api/v1/auth/login", at = api) =>
  post(path, JSON.stringify(value), "application/json", at);
const outcome = async (reply: Promise<Response>) => {
  const { status, headers } = await reply;
  return [status, await (await reply).json(), headers.get("www-authenticate")];
};
const tokenOf = async (reply: Promise<Response>) =>
  ((await (await reply).json()) as { access_token: string }).access_token;
const jobs = async (token: string, at = api) =>
  (await fetch(`${at.url}/v1/jobs`, { headers: { Authorization: `Bearer ${token}` } })).status;

describe("a login", () => {
  const right = { username: "alice", password: PASSWORD };
  it("may come as JSON, as a form, in two places", async () => {
    const form = new URLSearchParams({ grant_type: "password", ...right, scope: "" });
    const parts = multipart(Object.entries(right).map(([name, body]) => ({ name, body })));
    const replies = [
      json(right),
      json(right, "/auth/login"),
      post("/api/v1/auth/login", form),
      post("/auth/login", Buffer.from(parts.body), parts.type),
      // as curl's -d sends JSON without a header
      post("/api/v1/auth/login", JSON.stringify(right), "application/x-www-form-urlencoded"),
    ];
    for (const reply of replies) {
      const { status, headers } = await reply;
      expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
      const body = (await (await reply).json()) as Record<string, string>;
      expect(body).toEqual({
        access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: "bearer",
      });
      expect(await jobs(body.access_token!)).toBe(200);
    }
    expect(JSON.stringify(api.lines)).not.toContain("horse");
  });

  it("fails with a wrong password as with a wrong name", async () => {
    const refused = [401, { detail: "Incorrect username or password" }, "Bearer"];
    expect(await outcome(json({ ...right, password: "wrong" }))).toEqual(refused);
    expect(await outcome(json({ ...right, username: "nobody" }))).toEqual(refused);
    expect(await outcome(json({ ...right, username: "__proto__x" }))).toEqual(refused);
    expect(JSON.stringify(api.lines)).not.toMatch(/wrong|nobody/);
  });

  it("says what is missing, as FastAPI does", async () => {
    const missing = (name: string) => ({ loc: ["body", name], msg: "Field required", type: "missing" });
    expect(await outcome(json({ username: "alice" }))).toEqual([422, { detail: [missing("password")] }, null]);
    expect(await outcome(post("/auth/login", ""))).toEqual([
      422,
      { detail: [missing("username"), missing("password")] },
      null,
    ]);
    expect((await outcome(post("/auth/login", "{", "application/json")))[1]).toEqual({
      detail: [{ loc: ["body"], msg: "is neither JSON nor a form", type: "json_invalid" }],
    });
    expect((await fetch(`${api.url}/auth/login`)).status).toBe(405);
  });

  it("is slowed down for those who guess, and not for those who were here", async () => {
    expect((await json({ username: "bob", password: "bobs password" })).status).toBe(200);
    const guesses = await Promise.all(
      Array.from({ length: 7 }, (_, n) => json({ username: "alice", password: `guess number ${n}` })),
    );
    expect(guesses.map(({ status }) => status).sort()).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const late = await json(right);
    expect([late.status, late.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await late.json()).toEqual({ detail: "Too many wrong passwords; the next is looked at in 1 s." });
    expect((await json({ username: "bob", password: "bobs password" })).status).toBe(200);
    await api.clock.advance(1000);
    expect((await json(right)).status).toBe(200);
  });
});

describe("a token", () => {
  it("is its user's, here and after a restart, for a day", async () => {
    const token = await tokenOf(json({ username: "alice", password: PASSWORD }));
    const sameKey = testApi({ access: api.deps.config.access }, { tokenKey: KEY, clock: api.clock });
    await sameKey.listen();
    expect(await jobs(token, sameKey)).toBe(200);
    await sameKey.close();
    expect(JSON.stringify(api.lines)).not.toContain(token);
    await api.clock.advance(24 * 3600_000 - 2000);
    expect(await jobs(token)).toBe(200);
    await api.clock.advance(4000);
    expect(await jobs(token)).toBe(401);
  });

  it("ends with its user, with the password and with the key; and nobody makes one", async () => {
    const token = await tokenOf(json({ username: "alice", password: PASSWORD }));
    const access = { keys: new Map(), anonymous: false };
    const others = [
      testApi({ access: { ...access, users: changed } }, { tokenKey: KEY }),
      testApi(
        { access: { ...access, users: new Map([...users].filter(([name]) => name === "bob")) } },
        { tokenKey: KEY },
      ),
      testApi({ access: { ...access, users } }, { tokenKey: new Uint8Array(32).fill(2) }),
      testApi({ access: { ...access, users } }),
      testApi({ access: { keys: parseApiKeys(makeApiKey("alice").entry).keys, anonymous: true } }, { tokenKey: KEY }),
    ];
    for (const other of others) {
      await other.listen();
      expect(await jobs(token, other)).toBe(401);
      await other.close();
    }
    const [head, body, seal] = token.split(".") as [string, string, string];
    const claims = { ...JSON.parse(Buffer.from(body, "base64url").toString()), sub: "bob" };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const forged = [`${head}.${encode(claims)}.${seal}`, `${encode({ alg: "none" })}.${body}.${seal}`, `${token}x`];
    for (const each of forged) expect(await jobs(each)).toBe(401);
  });
});

describe("a server that is open to all", () => {
  it("gives a token to any name, says so once, and keeps the owners apart", async () => {
    const open = testApi();
    await open.listen();
    const [alice, bob] = await Promise.all(
      ["alice", "bob@example.org"].map((username) => tokenOf(json({ username, password: "x" }, "/auth/login", open))),
    );
    expect(open.lines.filter(({ event }) => event === "login_without_users")).toHaveLength(1);
    const create = (headers: Record<string, string>) =>
      fetch(`${open.url}/v1/uploads`, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: JSON.stringify({ content_type: "image/jpeg", size: 2000 }),
      });
    expect((await create({ Authorization: `Bearer ${alice}` })).status).toBe(201);
    expect([await jobs(alice!, open), await jobs(bob!, open)]).toEqual([200, 200]);
    // without one, and with what is not one, all is as before
    expect((await create({})).status).toBe(201);
    const other = `${Buffer.from('{"alg":"RS256"}').toString("base64url")}.e30.x`;
    for (const foreign of ["anything", other]) expect(await jobs(foreign, open)).toBe(200);
    // one of ours that is not whole any more is a mistake: what it made would be nobody's
    const at = alice!.indexOf(".");
    const changed = [
      `${alice}x`,
      alice!.slice(0, -1),
      alice!.slice(0, at + 1),
      `${alice!.slice(0, at)}.A${alice!.slice(at + 2)}`,
    ];
    for (const token of changed) expect(await jobs(token, open), token).toBe(401);
    // one that has ended is not taken for nobody's
    await open.clock.advance(25 * 3600_000);
    expect(await jobs(alice!, open)).toBe(401);
    await open.close();
  });
});
