import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { isSignedBy } from "../../../../test/support/receiver.ts";
import { createSigning } from "./signing.ts";

const [KEY, OTHER] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const BODY = '{"type":"job.succeeded","data":{"text":"grüß"}}';
const event = () => ({ id: "msg_1_succeeded", atMs: Date.now(), body: BODY });

describe("signatures of events", () => {
  test("v1 is verified by the library, with the owner's secret and no other's", () => {
    const signing = createSigning([KEY]);
    const headers = signing.headersFor("ann", event());
    const [secret] = signing.secretsOf("ann");
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(new Webhook(secret!).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(secret!).verify(`${BODY} `, headers)).toThrow("No matching signature");
    expect(() => new Webhook(signing.secretsOf("bob")[0]!).verify(BODY, headers)).toThrow("No matching signature");
  });

  test("v1a is verified with the public key, which says nothing of the private one", () => {
    const signing = createSigning([KEY]);
    const headers = signing.headersFor("ann", event());
    const keys = signing.publicKeys();
    expect(keys).toEqual([
      { kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: expect.any(String), use: "sig", alg: "EdDSA" },
    ]);
    expect(isSignedBy(keys, { headers, body: BODY })).toBe(true);
    expect(isSignedBy(keys, { headers, body: `${BODY} ` })).toBe(false);
    expect(isSignedBy(keys, { headers: { ...headers, "webhook-id": "msg_2" }, body: BODY })).toBe(false);
    expect(isSignedBy(createSigning([OTHER]).publicKeys(), { headers, body: BODY })).toBe(false);
  });

  test("while keys change, events are signed with each, so that both secrets verify them", () => {
    const [old, both] = [createSigning([KEY]), createSigning([OTHER, KEY])];
    const headers = both.headersFor("ann", event());
    for (const secret of both.secretsOf("ann")) expect(new Webhook(secret).verify(BODY, headers)).toBeTruthy();
    expect(both.secretsOf("ann")[1]).toBe(old.secretsOf("ann")[0]);
    expect(isSignedBy(old.publicKeys(), { headers, body: BODY })).toBe(true);
  });

  test("are the same after a restart", () => {
    expect(createSigning([KEY]).secretsOf("ann")).toEqual(createSigning([Buffer.alloc(32, 1)]).secretsOf("ann"));
    expect(createSigning([KEY]).publicKeys()).toEqual(createSigning([Buffer.alloc(32, 1)]).publicKeys());
  });
});
