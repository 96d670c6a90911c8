/**
 * The signature of a C2PA claim: COSE_Sign1 (RFC 9052, 4.2) with ES256 and the chain of certificates in its protected header (RFC 9360),
 * as C2PA 2.2, 13.2, asks for. It has always the same length, and no padding, in which bytes could be changed.
 */

/** Signs with ECDSA on P-256 and SHA-256; answers DER, as OpenSSL and key services do. `chain`: DER, the leaf first. */
export type SigningKey = { sign: (bytes: Uint8Array) => Promise<Uint8Array>; chain: readonly Uint8Array[] };

const ES256 = -7;
const [ALGORITHM, X5CHAIN] = [1, 33];
const SIGNATURE_BYTES = 64;

/** Length of what `signClaim` answers. */
export function signatureBytes({ chain }: Pick<SigningKey, "chain">): number {
  return envelope(protectedHeader(chain), new Uint8Array(SIGNATURE_BYTES)).byteLength;
}

/** Throws what the key throws. */
export async function signClaim({ sign, chain }: SigningKey, claim: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const header = protectedHeader(chain);
  const signed = array(text("Signature1"), bytes(header), bytes(new Uint8Array()), bytes(claim));
  return envelope(header, rawSignature(await sign(signed)));
}

function envelope(header: Uint8Array, signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const [TAG, EMPTY_MAP, NULL] = [head(6, 18), head(5, 0), Uint8Array.of(0xf6)];
  return joined(TAG, array(bytes(header), EMPTY_MAP, NULL, bytes(signature)));
}

function protectedHeader(chain: readonly Uint8Array[]): Uint8Array {
  const [leaf] = chain;
  if (!leaf) throw new Error("The chain of the signing key is empty.");
  const certificates = chain.length === 1 ? bytes(leaf) : array(...chain.map(bytes));
  return joined(head(5, 2), head(0, ALGORITHM), head(1, -1 - ES256), head(0, X5CHAIN), certificates);
}

/** r‖s of 32 bytes each, from ECDSA's DER (RFC 3279, 2.2.3). Throws for what is not that. */
export function rawSignature(der: Uint8Array): Uint8Array {
  const r = integerAt(der, 2);
  const s = integerAt(der, r.end);
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || s.end !== der.length) throw notDer();
  const raw = new Uint8Array(SIGNATURE_BYTES);
  raw.set(r.value, 32 - r.value.length);
  raw.set(s.value, SIGNATURE_BYTES - s.value.length);
  return raw;
}

function integerAt(der: Uint8Array, at: number): { value: Uint8Array; end: number } {
  const start = at + 2;
  const end = start + (der[at + 1] ?? 0);
  if (der[at] !== 0x02 || end > der.length) throw notDer();
  const first = der.subarray(start, end).findIndex((byte) => byte !== 0);
  const value = first < 0 ? new Uint8Array() : der.subarray(start + first, end);
  if (value.length > 32) throw notDer();
  return { value, end };
}

const notDer = () => new Error("The key has answered what is not an ECDSA signature on P-256 in DER.");

// --- CBOR (RFC 8949), as much as is needed ---

function head(major: number, value: number): Uint8Array {
  if (value < 24) return Uint8Array.of((major << 5) | value);
  if (value < 0x100) return Uint8Array.of((major << 5) | 24, value);
  if (value < 0x10000) return Uint8Array.of((major << 5) | 25, value >> 8, value & 0xff);
  return Uint8Array.of((major << 5) | 26, value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);
}

function bytes(value: Uint8Array): Uint8Array {
  return joined(head(2, value.length), value);
}

function text(value: string): Uint8Array {
  return joined(head(3, value.length), Buffer.from(value));
}

function array(...items: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined(head(4, items.length), ...items);
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
