/**
 * Secrets that a job keeps until it ends, such as the key of a service elsewhere. They are taken out of its params before the record is
 * written and kept in it sealed: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, bound to the job's id and the field's
 * name, so that a seal that is copied into another job, or to another field, does not open there.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "./errors.ts";

/** Where a secret belongs: the id of its job, and the name of the field. */
type Place = { id: string; field: string };

export type Seals = {
  seal(secret: string, place: Place): string;
  /** Throws `seal_broken` for what was sealed with another key or for another place, or was changed. */
  open(sealed: string, place: Place): string;
  /** Hash of a text with secrets in it, 64 hex digits. Without the key nobody can find out by trying what the text was. */
  digest(text: string): string;
};

/** Secrets by the names of their params. */
export type Secrets = Record<string, string>;

const CIPHER = "aes-256-gcm";
const [NONCE_BYTES, TAG_BYTES, KEY_BYTES] = [12, 16, 32];

/** `keys`: of the installation, at least 32 bytes each. The first seals; the others, which came before it, still open. */
export function createSeals(keys: readonly [Uint8Array, ...Uint8Array[]]): Seals {
  const derive = (key: Uint8Array, use: string) =>
    new Uint8Array(hkdfSync("sha256", key, Buffer.alloc(0), `smileloop ${use}`, KEY_BYTES));
  const sealing = keys.map((key) => derive(key, "sealed params"));
  const hashing = derive(keys[0], "digests of requests");
  return {
    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, sealing[0]!, nonce).setAAD(bytesOf(place));
      const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64url");
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, "base64url");
      for (const key of sealing) {
        const secret = opened(bytes, key, bytesOf(place));
        if (secret !== null) return secret;
      }
      throw new AppError(
        "seal_broken",
        `The secret \`${place.field}\` of this job was sealed with a key that is not here any more. Create the job again.`,
      );
    },
    digest: (text) => createHmac("sha256", hashing).update(text).digest("hex"),
  };
}

/** Null where the key, the place or the bytes are others. */
function opened(bytes: Buffer, key: Uint8Array, place: Buffer): string | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(place).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString();
  } catch {
    return null;
  }
}

function bytesOf({ id, field }: Place): Buffer {
  return Buffer.from(`${id}/${field}`);
}

/**
 * What seals a job's secrets once its id is known; undefined where there are none. Throws `not_supported` where nothing can seal them.
 */
export function sealerOf(seals: Seals | undefined, secrets: Secrets): ((id: string) => Secrets) | undefined {
  const [first] = Object.keys(secrets);
  if (first === undefined) return undefined;
  if (!seals) {
    const msg = "cannot be kept safe here: the operator has not set SEAL_KEY";
    const errors = [{ loc: ["body", "params", first], msg, type: "not_supported" }];
    throw new AppError("not_supported", `\`${first}\` ${msg}.`, { errors });
  }
  return (id) =>
    Object.fromEntries(Object.entries(secrets).map(([field, secret]) => [field, seals.seal(secret, { id, field })]));
}

/** The secrets of a job. Throws `seal_broken`, also where there is nothing to open them with. */
export function secretsOf(
  seals: Seals | undefined,
  { id, sealed = {} }: { id: string; sealed?: Secrets | undefined },
): Secrets {
  const open = (field: string, text: string): string => {
    if (seals) return seals.open(text, { id, field });
    throw new AppError(
      "seal_broken",
      `The secret \`${field}\` of this job cannot be opened: SEAL_KEY is not set here.`,
    );
  };
  return Object.fromEntries(Object.entries(sealed).map(([field, text]) => [field, open(field, text)]));
}
