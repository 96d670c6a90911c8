import { expect, test } from "vitest";
import { makeApiKey } from "./api-keys.ts";
import { accessOf, EnvError, readEnv } from "./env.ts";

test("everything has a default; empty counts as unset", () => {
  const env = readEnv({});
  expect(env).toMatchObject({ HOST: "localhost", PORT: 8000, DATA_DIR: ".smileloop", LOG_LEVEL: "info" });
  expect(env).toMatchObject({
    ALLOWED_HOSTS: [],
    CORS_ORIGINS: [],
    ALLOW_OPEN: false,
    ANONYMOUS: false,
    API_KEYS: new Map(),
  });
  expect(env.WARP_PROCESSES).toBeGreaterThanOrEqual(1);
  expect(readEnv({ PORT: "", PUBLIC_URL: "", HOST: undefined, ALLOW_OPEN: "" })).toEqual(env);
});

test("values are read as what they are", () => {
  const env = readEnv({ PORT: "0", ALLOW_OPEN: "1", ALLOWED_HOSTS: " a.example, ,b.example ", UNRELATED: "x" });
  expect(env).toMatchObject({ PORT: 0, ALLOW_OPEN: true, ALLOWED_HOSTS: ["a.example", "b.example"] });
  expect(env).not.toHaveProperty("UNRELATED");
});

test("lists of several are read by name", () => {
  const env = readEnv({ BATCH_QUEUES: "liveportrait=spot+ondemand, warp-long=a+b" });
  expect([...env.BATCH_QUEUES]).toEqual([
    ["liveportrait", ["spot", "ondemand"]],
    ["warp-long", ["a", "b"]],
  ]);
  expect(() => readEnv({ BATCH_QUEUES: "liveportrait=spot" })).toThrow("BATCH_QUEUES.liveportrait: ");
  expect([...readEnv({ ENGINES: "echo=one+two, other=one" }).ENGINES]).toEqual([
    ["echo", ["one", "two"]],
    ["other", ["one"]],
  ]);
});

test.each([
  ["PORT", "65536"],
  ["PORT", "-1"],
  ["PORT", "80.5"],
  ["PORT", "http"],
  ["PUBLIC_URL", "example.org"],
  ["PUBLIC_URL", "ftp://example.org"],
  ["CORS_ORIGINS", "https://a.example,*"],
  ["CORS_ORIGINS", "https://a.example/"],
  ["ALLOW_OPEN", "perhaps"],
  ["ANONYMOUS", "yes"],
  ["ENGINES", "animate"],
  ["ENGINES", "animate="],
  ["ENGINES", "animate=warp,animate=warp"],
  ["API_KEYS", "alice"],
  ["API_KEYS", ","],
  ["WARP_PROCESSES", "0"],
  ["LOG_LEVEL", "loud"],
  ["SPOT_METADATA_URL", "169.254.169.254"],
])("%s=%s is refused by its name", (name, value) => {
  expect(() => readEnv({ [name]: value })).toThrow(EnvError);
  expect(() => readEnv({ [name]: value })).toThrow(`${name}: `);
});

test("all that is wrong is named at once", () => {
  expect(() => readEnv({ PORT: "x", LOG_LEVEL: "y" })).toThrow(/PORT: .*LOG_LEVEL: /);
});

test("a server that others can reach keeps somebody out, or says that it is meant", () => {
  const { entry, key } = makeApiKey("alice");
  const closed = accessOf(readEnv({ API_KEYS: entry }), "HOST 0.0.0.0");
  expect(closed).toMatchObject({ anonymous: false });
  expect(accessOf(readEnv({ ANONYMOUS: "1" }), "This stack")).toEqual({ keys: new Map(), anonymous: true });
  expect(accessOf(readEnv({ ALLOW_OPEN: "1" }), "This stack")).toBe("open");
  expect(accessOf(readEnv({}), null)).toBe("open");
  // on this machine alone too, and whatever else is said
  expect(accessOf(readEnv({ API_KEYS: entry, ALLOW_OPEN: "1" }), null)).toEqual(closed);
  for (const env of [{}, { API_KEYS: "" }, { ANONYMOUS: "0" }, { ALLOW_OPEN: "0" }]) {
    const refused = () => accessOf(readEnv(env), "This stack");
    expect(refused, JSON.stringify(env)).toThrow(EnvError);
    expect(refused).toThrow(/^This stack would be open to everyone .* API_KEYS .* ANONYMOUS=1 .* ALLOW_OPEN=1/);
  }
  const leak = () => readEnv({ API_KEYS: `alice:${key}` });
  expect(leak).toThrow(/API_KEYS: entry 1 holds a key itself/);
  expect(leak).not.toThrow(key.slice(10));
});
