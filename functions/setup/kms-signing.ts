/** A signing key in AWS KMS. */
import { createKmsClient, kmsRegion, kmsSigner } from "@smileloop/core/signing-keys/kms.ts";
import { checkPair, type Signatory, signatoryOf } from "@smileloop/worker/signing/key.ts";

/** `keyId`: its ARN. The first signature says whether the key is that of the chain. Throws a sentence. */
export async function kmsSignatory(keyId: string, certificates: string): Promise<Signatory> {
  const client = createKmsClient({ region: kmsRegion(keyId)! });
  try {
    const signatory = signatoryOf(kmsSigner({ client, keyId }), certificates);
    await checkPair(signatory);
    return signatory;
  } catch (error) {
    client.destroy();
    throw error;
  }
}
