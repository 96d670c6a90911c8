/**
 * A key for signing that an installation makes for itself, under a root that signs this one key and is forgotten, so that nobody can add
 * another. The certificates are written here: the libraries that do it bring a container for dependency injection with them.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** PEM: a private key (PKCS #8), and its certificates, the leaf first. */
export type KeyAndChain = { key: string; chain: string };

/** Files are looked at for years, and no time stamp in them would count after the end. */
const YEARS = 20;
const DAY_MS = 24 * 60 * 60_000;

/** Certificates as C2PA 2.2, 14.5, asks for. `name`: what readers of the files show as the signer. */
export function makeChain(nowMs: number, name = "SmileLoop"): KeyAndChain {
  const [root, leaf] = [newKey(), newKey()];
  const [rootName, leafName] = [distinguished(`${name} Root`, name), distinguished(name, name)];
  const certify = (subject: Buffer, key: KeyObject, extensions: Buffer[]) =>
    certificate({ subject, issuer: rootName, key, signer: root.privateKey, nowMs, extensions });
  const leafDer = certify(leafName, leaf.publicKey, [
    critical(OIDS.basicConstraints, sequence()),
    critical(OIDS.keyUsage, usage(0b1000_0000)),
    extension(OIDS.extendedKeyUsage, sequence(oid(OIDS.emailProtection))),
    extension(OIDS.subjectKeyId, tlv(OCTETS, keyId(leaf.publicKey))),
    extension(OIDS.authorityKeyId, sequence(tlv(0x80, keyId(root.publicKey)))),
  ]);
  const rootDer = certify(rootName, root.publicKey, [
    critical(OIDS.basicConstraints, sequence(tlv(BOOLEAN, [0xff]), tlv(INTEGER, [0]))),
    critical(OIDS.keyUsage, usage(0b0000_0110)),
    extension(OIDS.subjectKeyId, tlv(OCTETS, keyId(root.publicKey))),
  ]);
  return {
    key: leaf.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    chain: [leafDer, rootDer].map(pemOf).join(""),
  };
}

function newKey() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

type Contents = {
  subject: Buffer;
  issuer: Buffer;
  key: KeyObject;
  signer: KeyObject;
  nowMs: number;
  extensions: Buffer[];
};

/** RFC 5280, 4.1. */
function certificate({ subject, issuer, key, signer, nowMs, extensions }: Contents): Buffer {
  const algorithm = sequence(oid(OIDS.ecdsaWithSha256));
  const end = new Date(nowMs);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  // clocks of readers differ
  const life = sequence(time(new Date(nowMs - DAY_MS)), time(end));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and of one length
  const signed = sequence(
    ...[tlv(0xa0, tlv(INTEGER, [2])), tlv(INTEGER, serial), algorithm, issuer, life, subject],
    ...[key.export({ type: "spki", format: "der" }), tlv(0xa3, sequence(...extensions))],
  );
  return sequence(signed, algorithm, bits(sign("sha256", signed, signer)));
}

const OIDS = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectKeyId: "2.5.29.14",
  authorityKeyId: "2.5.29.35",
  // for documents in general; the one on C2PA's own list is known to fewer readers
  emailProtection: "1.3.6.1.5.5.7.3.4",
};

function distinguished(commonName: string, organization: string): Buffer {
  const part = (id: string, text: string) => tlv(SET, sequence(oid(id), tlv(UTF8, Buffer.from(text))));
  return sequence(part(OIDS.organization, organization), part(OIDS.commonName, commonName));
}

/** RFC 5280, 4.2.1.2, method 1: of the key's bits alone, which end its DER. */
function keyId(key: KeyObject): Buffer {
  const spki = key.export({ type: "spki", format: "der" });
  return createHash("sha1").update(spki.subarray(-65)).digest();
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(OCTETS, value));
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(BOOLEAN, [0xff]), tlv(OCTETS, value));
}

function usage(flags: number): Buffer {
  const unused = 31 - Math.clz32(flags & -flags);
  return tlv(BITS, [unused, flags]);
}

// --- DER (ITU-T X.690) ---

const [BOOLEAN, INTEGER, BITS, OCTETS, OID, UTF8, SEQUENCE, SET, TIME] = [1, 2, 3, 4, 6, 12, 0x30, 0x31, 0x18];

function tlv(tag: number, value: Uint8Array | number[]): Buffer {
  const { length } = value;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), Buffer.from(value)]);
}

function sequence(...items: Buffer[]): Buffer {
  return tlv(SEQUENCE, Buffer.concat(items));
}

function bits(value: Buffer): Buffer {
  return tlv(BITS, Buffer.concat([Buffer.from([0]), value]));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (value: number): number[] =>
    value < 128 ? [value] : [...base128(value >> 7).map((byte) => byte | 0x80), value & 0x7f];
  return tlv(OID, [first * 40 + second, ...rest.flatMap(base128)]);
}

/** Of the present century up to 2049 RFC 5280 wants two digits of the year, and of later ones four. */
function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, "");
  return moment.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(TIME, Buffer.from(digits));
}

function pemOf(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
