/** A signing key in AWS KMS, on loopback: files that it signs read as ours, and what is wrong with it is said. */
import { verify, X509Certificate } from "node:crypto";
import { createKmsClient, kmsRegion, kmsSigner } from "@smileloop/core/signing-keys/kms.ts";
import { signClaim } from "@smileloop/worker/signing/cose.ts";
import { checkPair, signatoryOf } from "@smileloop/worker/signing/key.ts";
import { makeChain } from "@smileloop/worker/signing/make-chain.ts";
import { expect, onTestFinished, test } from "vitest";
import { openKms } from "../../test/support/kms.ts";
import { checkSigning } from "./signing.ts";

const KEY_ID = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const made = makeChain(Date.now());

async function open({ keyId = KEY_ID, chain = made.chain } = {}) {
  const kms = await openKms({ keyId: KEY_ID, key: made.key });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const client = createKmsClient({ region: kmsRegion(KEY_ID)!, endpoint: kms.endpoint, credentials });
  onTestFinished(async () => {
    client.destroy();
    await kms.close();
  });
  return { kms, signatory: signatoryOf(kmsSigner({ client, keyId }), chain) };
}

test("what it signs is the leaf's signature, and only hashes leave the machine", async () => {
  const { kms, signatory } = await open();
  await checkPair(signatory);
  const long = Buffer.alloc(10_000, 1);
  const { publicKey } = new X509Certificate(made.chain);
  expect(verify("sha256", long, publicKey, await signatory.sign(long))).toBe(true);
  expect((await signClaim(signatory, long)).byteLength).toBeGreaterThan(500);
  expect(kms.asked.map(({ Message }) => Buffer.from(Message, "base64").length)).toEqual([32, 32, 32]);
});

test("a chain of another key is told from its own", async () => {
  const { signatory } = await open({ chain: makeChain(Date.now()).chain });
  await expect(checkPair(signatory)).rejects.toThrow("the first certificate of the chain is not that of the key");
});

test("a key that KMS does not know is named, with what KMS says", async () => {
  const { signatory } = await open({ keyId: KEY_ID.replace("1234abcd", "0000abcd") });
  await expect(signatory.sign(Buffer.from("x"))).rejects.toThrow(
    /^AWS KMS does not sign with arn:.*0000abcd.*: NotFoundException: /,
  );
});

test("without certificates it is refused before anything is asked of it", async () => {
  await expect(checkSigning({ key: KEY_ID })).rejects.toThrow(
    "SIGNING_CHAIN: the certificates of the key in AWS KMS are missing",
  );
});

test.each([
  ["arn:aws-cn:kms:cn-north-1:123456789012:alias/smileloop/signing", "cn-north-1"],
  ["arn:aws:kms:eu-central-1:12345:key/1", null],
  ["arn:aws:s3:::bucket", null],
  ["/etc/smileloop/signing.pem", null],
])("the region of %s is %s", (keyId, region) => {
  expect(kmsRegion(keyId)).toBe(region);
});
