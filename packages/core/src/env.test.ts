import { expect, test } from "vitest";
import { EnvError, readEnv } from "./env.ts";

test("everything has a default; empty counts as unset", () => {
  const env = readEnv({});
  expect(env).toMatchObject({ HOST: "localhost", PORT: 8000, DATA_DIR: ".smileloop", LOG_LEVEL: "info" });
  expect(env).toMatchObject({ ALLOWED_HOSTS: [], CORS_ORIGINS: [], ALLOW_OPEN: false });
  expect(env.WARP_PROCESSES).toBeGreaterThanOrEqual(1);
  expect(readEnv({ PORT: "", PUBLIC_URL: "", HOST: undefined, ALLOW_OPEN: "" })).toEqual(env);
});

test("values are read as what they are", () => {
  const env = readEnv({ PORT: "0", ALLOW_OPEN: "1", ALLOWED_HOSTS: " a.example, ,b.example ", UNRELATED: "x" });
  expect(env).toMatchObject({ PORT: 0, ALLOW_OPEN: true, ALLOWED_HOSTS: ["a.example", "b.example"] });
  expect(env).not.toHaveProperty("UNRELATED");
});

test.each([
  ["PORT", "65536"],
  ["PORT", "-1"],
  ["PORT", "80.5"],
  ["PORT", "http"],
  ["PUBLIC_URL", "example.org"],
  ["PUBLIC_URL", "ftp://example.org"],
  ["ALLOW_OPEN", "perhaps"],
  ["WARP_PROCESSES", "0"],
  ["LOG_LEVEL", "loud"],
])("%s=%s is refused by its name", (name, value) => {
  expect(() => readEnv({ [name]: value })).toThrow(EnvError);
  expect(() => readEnv({ [name]: value })).toThrow(`${name}: `);
});

test("all that is wrong is named at once", () => {
  expect(() => readEnv({ PORT: "x", LOG_LEVEL: "y" })).toThrow(/PORT: .*LOG_LEVEL: /);
});
