import { expect, test } from "vitest";
import { apiKeySha256, makeApiKey, ownerOfChosenKey } from "./api-keys.ts";
import { accessOf, EnvError, lookalikes, operatorsOf, readEnv } from "./env.ts";

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
  expect([...readEnv({ MAX_WORK_S: "warp=420" }).MAX_WORK_S]).toEqual([["warp", 420]]);
  expect(() => readEnv({ MAX_WORK_S: "warp=soon" })).toThrow("MAX_WORK_S=warp=soon");
  expect(() => readEnv({ BATCH_QUEUES: "liveportrait=spot" })).toThrow(
    "BATCH_QUEUES=liveportrait=spot: `liveportrait` must name two queues",
  );
  expect([...readEnv({ ENGINES: "echo=one+two, other=one" }).ENGINES]).toEqual([
    ["echo", ["one", "two"]],
    ["other", ["one"]],
  ]);
});

test("metrics are on, off, or on an address", () => {
  const placeOf = (METRICS: string) => readEnv({ METRICS }).METRICS;
  expect([placeOf("1"), placeOf("0"), readEnv({}).METRICS]).toEqual(["on", "off", undefined]);
  expect(placeOf("9464")).toEqual({ host: "localhost", port: 9464 });
  expect(placeOf("10.0.0.5:9464")).toEqual({ host: "10.0.0.5", port: 9464 });
  expect(placeOf("[::1]:9464")).toEqual({ host: "[::1]", port: 9464 });
  for (const wrong of ["yes", "99999", "http://a:1", "a:b"]) {
    expect(() => placeOf(wrong)).toThrow(`METRICS=${wrong}: must be 1, 0, a port such as 9464`);
  }
});

test("private hosts are allowed by name or address, with a port or without", () => {
  expect(readEnv({ FETCH_ALLOW: "10.0.0.5:9000, Media.lan,[fd00::1]" }).FETCH_ALLOW).toEqual([
    { host: "10.0.0.5", port: 9000 },
    { host: "media.lan", port: null },
    { host: "[fd00::1]", port: null },
  ]);
  expect(readEnv({}).FETCH_ALLOW).toEqual([]);
  const wrong = () => readEnv({ FETCH_ALLOW: "http://media.lan" });
  expect(wrong).toThrow("FETCH_ALLOW=http://media.lan: `http://media.lan` is not a host such as media.lan or");
});

const LEVELS = "must be one of trace, debug, info, warn, error, silent";
const NO_ORIGIN = "is not an origin such as https://example.org or capacitor://localhost";

test("a password in an address is not shown", () => {
  const read = () => readEnv({ PUBLIC_URL: "https://me:secret@example.org" });
  expect(read).toThrow("PUBLIC_URL=https://me:…@example.org: must not have a user, a query or a fragment");
  expect(read).not.toThrow(/secret/);
});

test.each([
  ["PORT", "65536", "must be a whole number from 0 to 65535"],
  ["PORT", "-1", "must be a whole number from 0 to 65535"],
  ["PORT", "80.5", "must be a whole number from 0 to 65535"],
  ["PORT", "http", "must be a whole number from 0 to 65535"],
  ["PUBLIC_URL", "example.org", "must be an address such as https://example.org or https://example.org/path"],
  ["PUBLIC_URL", "ftp://example.org", "must be an address such as https://example.org or https://example.org/path"],
  ["PUBLIC_URL", "https://example.org/?a=b", "must not have a user, a query or a fragment"],
  ["PUBLIC_URL", "https://me@example.org", "must not have a user, a query or a fragment"],
  ["CORS_ORIGINS", "https://a.example,*", `\`*\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "https://a.example/", `\`https://a.example/\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "capacitor://localhost/", `\`capacitor://localhost/\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "app://a/b", `\`app://a/b\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "app://", `\`app://\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "file://", `\`file://\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "null", `\`null\` ${NO_ORIGIN}`],
  ["CORS_ORIGINS", "localhost", `\`localhost\` ${NO_ORIGIN}`],
  ["ALLOWED_HOSTS", "*", "`*` is not a host name such as smile.example.org"],
  ["ALLOWED_HOSTS", "a.example,b.example:80", "`b.example:80` is not a host name such as smile.example.org"],
  ["ALLOW_OPEN", "perhaps", "must be 1 or true, 0 or false"],
  ["ANONYMOUS", "yes", "must be 1 or true, 0 or false"],
  ["ENGINES", "animate", "`animate` is not one of `name=value,name=value`"],
  ["ENGINES", "animate=", "`animate=` is not one of `name=value,name=value`"],
  ["ENGINES", "animate=warp,animate=warp", "`animate=warp` is not one of `name=value,name=value`"],
  ["QUEUES", "warp=here", "`warp` must be an address such as https://sqs.example.org/0/name"],
  ["BUCKET", "b", "must have 3 to 63 letters"],
  ["BUCKET", "../other", "must have 3 to 63 letters"],
  ["S3_ENDPOINT", "s3", "must be an address such as https://s3.example.org"],
  ["CAPACITY", "some", "must be one of spot, on_demand"],
  ["WARP_PROCESSES", "0", "must be a whole number from 1 to 64"],
  ["MAX_VIDEO_LENGTH", "301", "must be a whole number from 1 to 300"],
  ["LOG_LEVEL", "loud", LEVELS],
  ["SPOT_METADATA_URL", "169.254.169.254", "must be an address such as http://169.254.169.254, or `none`"],
])("%s=%s is refused by its name and value, with what is allowed", (name, value, why) => {
  expect(() => readEnv({ [name]: value })).toThrow(EnvError);
  expect(() => readEnv({ [name]: value })).toThrow(`The environment is invalid. ${name}=${value}: ${why}`);
});

test.each([
  ["short77", "must be 8 to 200 characters of ASCII without spaces"],
  ["with a space", "must be 8 to 200 characters of ASCII without spaces"],
  ["schlüssel-schlüssel", "must be 8 to 200 characters of ASCII without spaces"],
  [`alice:${"0f".repeat(32)}`, "is an entry of API_KEYS, owner:sha256; put it there"],
])("API_KEY=%s is refused by its name alone", (API_KEY, why) => {
  const read = () => readEnv({ API_KEY });
  expect(read).toThrow(`The environment is invalid. API_KEY: ${why}`);
  expect(read).not.toThrow(API_KEY.slice(0, 7));
});

test("of a key that the operator chose the hash alone is kept", () => {
  const { API_KEY } = readEnv({ API_KEY: "your_key_here" });
  expect(JSON.stringify(API_KEY)).not.toContain("your_key");
  expect(ownerOfChosenKey(API_KEY!, "your_key_here")).toBe("local");
  for (const other of ["", "your_key_her", "your_key_here ", "YOUR_KEY_HERE"]) {
    expect(ownerOfChosenKey(API_KEY!, other)).toBeNull();
  }
});

test.each(["alice", ","])("API_KEYS=%s is refused by its name alone, as it may hold a secret", (value) => {
  expect(() => readEnv({ API_KEYS: value })).toThrow(/^The environment is invalid\. API_KEYS: /);
});

test("an operator's key is kept as its hash, said by its name alone, and is no client's", () => {
  const { entry, key } = makeApiKey("operator");
  const env = readEnv({ OPERATOR_KEY: entry });
  expect([...operatorsOf(env)]).toEqual([[apiKeySha256(key), "operator"]]);
  expect(operatorsOf(readEnv({})).size).toBe(0);
  expect(() => readEnv({ OPERATOR_KEY: key })).toThrow(/^The environment is invalid\. OPERATOR_KEY: entry 1 /);
  const both = readEnv({ OPERATOR_KEY: entry, API_KEYS: entry.replace("operator", "alice") });
  expect(() => operatorsOf(both)).toThrow(/^OPERATOR_KEY: the key of operator is in API_KEYS/);
});

test("origins of web pages and of apps, as browsers and web views send them", () => {
  const origins = [
    ...["https://a.example", "http://localhost:3000", "http://[::1]:8080", "capacitor://localhost", "app://localhost"],
    ...["ionic://localhost", "tauri://localhost", "chrome-extension://abcdefghijklmnop"],
  ];
  expect(readEnv({ CORS_ORIGINS: origins.join(", ") }).CORS_ORIGINS).toEqual(origins);
});

test("the public address may have a path, and ends without a slash", () => {
  for (const [given, read] of [
    ["https://example.org", "https://example.org"],
    ["https://Example.org/", "https://example.org"],
    ["https://example.org:8443/smile/loop//", "https://example.org:8443/smile/loop"],
  ]) {
    expect(readEnv({ PUBLIC_URL: given }).PUBLIC_URL).toBe(read);
  }
});

test.each([
  ["APIKEY", "API_KEY"],
  ["APIKEYS", "API_KEYS"],
  ["CORS_ORIGIN", "CORS_ORIGINS"],
  ["ALLOWED_ORIGINS", "CORS_ORIGINS"],
  ["PUBLIC_URI", "PUBLIC_URL"],
  ["DATADIR", "DATA_DIR"],
  ["WARP_PROCESES", "WARP_PROCESSES"],
  ["ANNONYMOUS", "ANONYMOUS"],
  ["LOGLEVEL", "LOG_LEVEL"],
  ["S3_BUCKET", "BUCKET"],
  ["SMILELOOP_PORT", "PORT"],
  ["smileloop_api_key", "API_KEY"],
  ["log_level", "LOG_LEVEL"],
])("%s looks like %s", (name, meant) => {
  expect(lookalikes({ [name]: "x" })).toEqual([{ name, meant }]);
  expect(lookalikes({ [name]: "" })).toEqual([]);
});

test("what has another meaning does not look like a setting", () => {
  const names = [
    ...[
      "PATH",
      "HOME",
      "HOSTNAME",
      "HOSTTYPE",
      "TMPDIR",
      "WORKSPACE",
      "NODE_ENV",
      "PORTS",
      "POST",
      "COST",
      "QUEUED_AT",
    ],
    ...["AWS_DEFAULT_REGION", "AWS_LAMBDA_LOG_LEVEL", "DYLD_LIBRARY_PATH", "LIBRARY_PATH", "OPENAI_API_KEY", "GPG_TTY"],
    ...["CI_JOB_URL", "PUBLIC", "RUST_LOG", "S3_ENDPOINT_URL_FOR_TESTS", "constructor", "__proto__"],
  ];
  expect(
    lookalikes(Object.fromEntries([...names, "PORT", "QUEUE", "LD_LIBRARY_PATH"].map((name) => [name, "x"]))),
  ).toEqual([]);
});

test("all that is wrong is named at once", () => {
  expect(() => readEnv({ PORT: "x", LOG_LEVEL: "y" })).toThrow(/PORT=x: .*LOG_LEVEL=y: /);
});

test("a server that others can reach keeps somebody out, or says that it is meant", () => {
  const { entry, key } = makeApiKey("alice");
  const closed = accessOf(readEnv({ API_KEYS: entry }), "HOST 0.0.0.0");
  expect(closed).toMatchObject({ anonymous: false });
  expect(accessOf(readEnv({ ANONYMOUS: "1" }), "This stack")).toEqual({ keys: new Map(), anonymous: true });
  expect(accessOf(readEnv({ ALLOW_OPEN: "1" }), "This stack")).toBe("open");
  expect(accessOf(readEnv({}), null)).toBe("open");
  const chosen = readEnv({ API_KEY: "your_key_here" });
  expect(accessOf(chosen, "HOST 0.0.0.0")).toEqual({ keys: new Map(), anonymous: false, chosen: chosen.API_KEY });
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

test("results live an hour, or less where that is asked for, never longer", () => {
  expect(readEnv({}).RESULT_TTL_S).toBe(3600);
  expect(readEnv({ RESULT_TTL_S: "60" }).RESULT_TTL_S).toBe(60);
  for (const value of ["59", "3601", "1h"]) {
    expect(() => readEnv({ RESULT_TTL_S: value })).toThrow(/RESULT_TTL_S=.*: must be a whole number from 60 to 3600/);
  }
});
