/**
 * Signs what a job has made, after its check and before it is stored: a C2PA manifest in the file itself says that a machine has made it.
 * Engines decode files that may be anything, so they never have the key.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { SignatureMark } from "@smileloop/core/marking/mark.ts";
import type { C2pa } from "./c2pa.ts";
import type { Signatory } from "./key.ts";
import { type ManifestFacts, manifestOf } from "./manifest.ts";

export type ToSign = Omit<ManifestFacts, "version"> & { path: string; type: string; signal: AbortSignal };

/** `path`: the signed file beside the other, for the caller to remove. */
export type Signed = { path: string; bytes: number; c2pa: SignatureMark };

export type Signer = {
  /** Null for types of files that have no place for a signature. Throws `signing_failed`, and the signal's reason. */
  sign(file: ToSign): Promise<Signed | null>;
};

/** Types that manifests can be written into: those of c2pa-rs among what jobs make. */
const SIGNABLE = new Set([
  ...["video/mp4", "video/quicktime", "image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif"],
  ...["audio/wav", "audio/mpeg", "audio/mp4", "audio/flac"],
]);

export function isSignable(type: string): boolean {
  return SIGNABLE.has(type);
}

type SignerDeps = {
  c2pa: Pick<C2pa, "sign">;
  /** Asked for each file, so that a key that was missing may come. Throws a sentence. */
  signatory: () => Promise<Signatory>;
  version: string;
  log: Log;
};

export function createSigner({ c2pa, signatory, version, log }: SignerDeps): Signer {
  return {
    async sign({ path, type, signal, ...facts }) {
      if (!isSignable(type)) return null;
      const out = `${path}.signed`;
      const instance = `urn:c2pa:${randomUUID()}`;
      const write = async (key: Signatory, kept: boolean) => {
        const manifest = manifestOf({ ...facts, version }, instance, kept);
        await rm(out, { force: true });
        const { bytes } = await c2pa.sign({ path, out, type, ...manifest }, key, signal);
        return { path: out, bytes, c2pa: { instance, leaf: key.leaf } };
      };
      try {
        const key = await signatory();
        return await write(key, true).catch((error: unknown) => {
          signal.throwIfAborted();
          // what an input says of itself must not keep the job from its end
          if (!facts.inputs.some((given) => given.path !== null)) throw error;
          log.warn({ err: error }, "signed without the manifests of its inputs");
          return write(key, false);
        });
      } catch (cause) {
        await rm(out, { force: true });
        signal.throwIfAborted();
        log.error({ err: cause }, "not signed");
        throw new AppError("signing_failed", "The result could not be signed.", { cause });
      }
    },
  };
}
