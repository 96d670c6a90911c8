import { DIALECTS } from "@smileloop/api/dialects/index.ts";
import { readEnv } from "@smileloop/core/env.ts";
import { isAttested } from "@smileloop/core/safeguards.ts";
import { expect, test } from "vitest";
import { checkAttested, localSafeguards, safeguardsOf } from "./safeguards.ts";

const set = (env: Record<string, string>) => safeguardsOf(readEnv(env));
const HASH = "0F".repeat(32);

test("everything is on where nothing is set, and only the environment switches the check off", () => {
  const attested = { dialects: new Set(), usual: true };
  expect(set({})).toEqual({ contentCheck: true, allowed: new Set(), attested, requireConsent: false });
  expect(set({ REQUIRE_CONSENT: "1" }).requireConsent).toBe(true);
  expect(set({ CONTENT_CHECK: "off" }).contentCheck).toBe(false);
  expect(() => set({ CONTENT_CHECK: "maybe" })).toThrow("CONTENT_CHECK=maybe: must be one of on, off");
  expect(set({ CONTENT_ALLOW: `sha256:${HASH}, ${"a1".repeat(32)}` }).allowed).toEqual(
    new Set([HASH.toLowerCase(), "a1".repeat(32)]),
  );
  expect(() => set({ CONTENT_ALLOW: "photo.jpg" })).toThrow(/CONTENT_ALLOW.*`photo.jpg` is not a SHA-256/);
});

test.each<[Record<string, string>, string[]]>([
  [{}, ["lipsync"]],
  [{ ATTEST: "sync_so" }, ["sync_so"]],
  [{ ATTEST: "none" }, []],
  [{ FACEFUSION_ATTEST: "operator" }, ["lipsync", "facefusion"]],
  [{ ATTEST: "none", FACEFUSION_ATTEST: "operator" }, ["facefusion"]],
])("with %j the operator answers for %j", (env, expected) => {
  const { attested } = set(env);
  const names = ["lipsync", "sync_so", "facefusion"];
  expect(names.filter((name) => isAttested(attested, name, ["lipsync"]))).toEqual(expected);
});

test("on an open server that only this machine reaches the operator is who calls it", () => {
  const none = set({ ATTEST: "none" });
  expect(localSafeguards({ HOST: "127.0.0.1" }, "open", none).attested).toBe("all");
  expect(localSafeguards({ HOST: "0.0.0.0" }, "open", none)).toEqual(none);
  expect(localSafeguards({ HOST: "127.0.0.1" }, { keys: new Map(), anonymous: true }, none)).toEqual(none);
});

test("a dialect that is not there is a mistake of the environment", () => {
  expect(() => checkAttested(readEnv({ ATTEST: "lipsinc" }), DIALECTS)).toThrow(
    /^ATTEST: there is no dialect `lipsinc`\. Choose from: .*lipsync.*, or none$/,
  );
  for (const ATTEST of ["none", "lipsync"]) checkAttested(readEnv({ ATTEST }), DIALECTS);
});
