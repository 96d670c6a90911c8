/** A key for signing with its certificates, from PEM. */
import { createHash, createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import type { SigningKey } from "./cose.ts";

/** `anchors`: where the chain ends, PEM. `serial`: of the leaf, in decimal digits. `leaf`: SHA-256 of its DER, hex. */
export type Signatory = SigningKey & { anchors: string; serial: string; leaf: string };

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates that readers may meet, without the root, which they have to know: the first chain in the text. Throws a sentence that says
 * what is wrong.
 */
export function readSignatory(key: string, chain: string): Signatory {
  const privateKey = parsed(() => createPrivateKey(key), "the key is not a private key in PEM");
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  if (asymmetricKeyType !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("the key is not an elliptic one on P-256");
  }
  const signs = async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey));
  return signatoryOf(signs, chain, (leaf) => leaf.checkPrivateKey(privateKey));
}

/** With a key elsewhere, such as in a key service. `fits`: whether the key is that of the leaf. */
export function signatoryOf(
  signs: SigningKey["sign"],
  chain: string,
  fits: (leaf: X509Certificate) => boolean = () => true,
): Signatory {
  const [certificates = []] = chainsIn(chain);
  const [leaf] = certificates;
  const root = certificates.at(-1);
  if (!leaf || !root || leaf === root) {
    throw new Error("the chain does not have at least two certificates, the key's first and the root last");
  }
  if (!fits(leaf)) throw new Error(WRONG_LEAF);
  for (const [nth, each] of certificates.slice(0, -1).entries()) {
    const issuer = certificates[nth + 1]!;
    if (!each.checkIssued(issuer) || !each.verify(issuer.publicKey)) {
      throw new Error(`certificate ${nth + 1} of the chain is not signed by the one after it`);
    }
  }
  return {
    sign: signs,
    chain: certificates.slice(0, -1).map(({ raw }) => new Uint8Array(raw)),
    anchors: root.toString(),
    serial: BigInt(`0x${leaf.serialNumber}`).toString(),
    leaf: createHash("sha256").update(leaf.raw).digest("hex"),
  };
}

/** Whether a key elsewhere is that of its leaf, by having it sign something. Throws a sentence, and what the key throws. */
export async function checkPair({ sign: signs, chain }: SigningKey): Promise<void> {
  const probe = new TextEncoder().encode("Is this the key of the certificate?");
  const { publicKey } = new X509Certificate(chain[0]!);
  if (!verify("sha256", probe, publicKey, await signs(probe))) throw new Error(WRONG_LEAF);
}

const WRONG_LEAF = "the first certificate of the chain is not that of the key";

/** What a key is known by that signs no more. */
export type FormerKey = Pick<Signatory, "anchors" | "serial">;

/** Of all chains in a text but the first `after`. Throws a sentence that says what is wrong. */
export function readFormerKeys(text: string, after: number): FormerKey[] {
  const signsNoMore = () => Promise.reject(new Error("This key signs no more."));
  return chainsIn(text)
    .slice(after)
    .map((chain) => {
      const { anchors, serial } = signatoryOf(signsNoMore, chain.join(""));
      return { anchors, serial };
    });
}

/** A chain begins with a certificate that may not sign others, the key's own. */
function chainsIn(text: string): X509Certificate[][] {
  const chains: X509Certificate[][] = [];
  for (const pem of text.match(CERTIFICATE) ?? []) {
    const certificate = parsed(() => new X509Certificate(pem), "a certificate of the chain cannot be read");
    if (chains.length === 0 || !certificate.ca) chains.push([]);
    chains.at(-1)!.push(certificate);
  }
  return chains;
}

function parsed<T>(parse: () => T, what: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(what, { cause });
  }
}
