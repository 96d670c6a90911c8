/** A signing key that never leaves AWS KMS: an asymmetric one for ECDSA on P-256 (key spec `ECC_NIST_P256`, usage `SIGN_VERIFY`). */
import { createHash } from "node:crypto";
import { KMSClient, KMSServiceException, SignCommand } from "@aws-sdk/client-kms";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";

/** `arn:aws:kms:<region>:<account>:key/<id>`, or `…:alias/<name>`. */
const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)\/[\w/-]+$/;

/** The region of a key's ARN; null for what is not one. */
export function kmsRegion(keyId: string): string | null {
  return ARN.exec(keyId)?.[1] ?? null;
}

export function createKmsClient(options: AwsClientOptions): KMSClient {
  return new KMSClient({
    ...awsClientConfig(options),
    requestHandler: { connectionTimeout: 3000, socketTimeout: 10_000 },
  });
}

/**
 * Signs bytes with SHA-256; answers DER. Only their hash is sent, so that their length is not limited. Throws a sentence that says what
 * KMS has answered.
 */
export function kmsSigner({ client, keyId }: { client: KMSClient; keyId: string }) {
  return async (bytes: Uint8Array): Promise<Uint8Array> => {
    const command = new SignCommand({
      KeyId: keyId,
      Message: createHash("sha256").update(bytes).digest(),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    const { Signature } = await client.send(command).catch((cause: unknown) => {
      const why = cause instanceof KMSServiceException ? `${cause.name}: ${cause.message}` : "it cannot be reached";
      throw new Error(`AWS KMS does not sign with ${keyId}: ${why}`, { cause });
    });
    if (!Signature) throw new Error(`AWS KMS has answered without a signature by ${keyId}.`);
    return Signature;
  };
}
