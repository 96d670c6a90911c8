/**
 * Signatures of events, as Standard Webhooks has them (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
 * `v1`, an HMAC with a secret that each owner has for itself, and `v1a`, Ed25519 with a key of the installation, whose public half
 * anybody may read. Both follow from the installation's keys, so that nothing more has to be kept.
 */
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from "node:crypto";
import { Webhook } from "standardwebhooks";

export type PublicKey = { kty: "OKP"; crv: "Ed25519"; x: string; kid: string; use: "sig"; alg: "EdDSA" };

/** `id`: of the event, the same for each try. `atMs`: of this try. `body`: as it is sent. */
export type Signed = { id: string; atMs: number; body: string };

export type Signing = {
  /** `whsec_…` of each key, the newest first. Never two owners' the same. */
  secretsOf(owner: string): string[];
  /** What `v1a` is verified with (RFC 7517, RFC 8037), the newest first. */
  publicKeys(): PublicKey[];
  /** `webhook-id`, `webhook-timestamp` and `webhook-signature`, with a signature by each key. */
  headersFor(owner: string, event: Signed): Record<string, string>;
};

/** `missing`: what this installation lacks, as a part of a sentence. */
export type Webhooks = { signing: Signing } | { missing: string };

/** Where the public keys are. */
export const JWKS_PATH = "/.well-known/jwks.json";
const SECRET_BYTES = 32;
/** What precedes the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** `keys`: of the installation, at least 32 bytes each, the newest first. */
export function createSigning(keys: readonly [Uint8Array, ...Uint8Array[]]): Signing {
  const pairs = keys.map((key) => privateKey(derive(key, "signatures of webhooks")));
  const published = pairs.map(publicKeyOf);
  const secretsOf = (owner: string) =>
    keys.map((key) => `whsec_${derive(key, `webhooks of ${owner}`).toString("base64")}`);
  return {
    secretsOf,
    publicKeys: () => published,
    headersFor(owner, { id, atMs, body }) {
      const at = Math.floor(atMs / 1000);
      const hashes = secretsOf(owner).map((secret) => new Webhook(secret).sign(id, new Date(atMs), body));
      const signed = Buffer.from(`${id}.${at}.${body}`);
      const signatures = pairs.map((pair) => `v1a,${sign(null, signed, pair).toString("base64")}`);
      return {
        "webhook-id": id,
        "webhook-timestamp": String(at),
        "webhook-signature": [...hashes, ...signatures].join(" "),
      };
    },
  };
}

function derive(key: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), `smileloop ${use}`, SECRET_BYTES));
}

function privateKey(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
}

/** `kid`: the key's thumbprint (RFC 7638). */
function publicKeyOf(pair: KeyObject): PublicKey {
  const { x = "" } = createPublicKey(pair).export({ format: "jwk" });
  const kid = createHash("sha256")
    .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
    .digest("base64url");
  return { kty: "OKP", crv: "Ed25519", x, kid, use: "sig", alg: "EdDSA" };
}
