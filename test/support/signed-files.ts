/** Files that are signed as jobs' results are, and what our own reader says of files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@smileloop/core/log.ts";
import { openC2pa } from "@smileloop/worker/signing/c2pa.ts";
import { readSignatory } from "@smileloop/worker/signing/key.ts";
import { createSigner } from "@smileloop/worker/signing/signer.ts";
import { findSignature, type SignatureVerdict } from "@smileloop/worker/signing/verdict.ts";
import { SIGNING_KEY } from "./signing.ts";

export type SignedFiles = {
  sign(type: string, bytes: Uint8Array): Promise<Buffer>;
  verdict(type: string, bytes: Uint8Array): Promise<SignatureVerdict>;
  close(): Promise<void>;
};

export function openSignedFiles(): SignedFiles {
  const { signal } = new AbortController();
  const dir = mkdtempSync(join(tmpdir(), "smileloop-signed-"));
  const c2pa = openC2pa({ maxMemoryBytes: 512 * 2 ** 20 });
  const signatory = readSignatory(SIGNING_KEY, SIGNING_KEY);
  const log = createLog({ level: "silent" });
  const signer = createSigner({ c2pa, signatory: async () => signatory, version: "1.2.3", log });
  const written = (name: string, bytes: Uint8Array) => {
    const path = join(dir, name);
    writeFileSync(path, bytes);
    return path;
  };
  return {
    async sign(type, bytes) {
      const made = await signer.sign({
        ...{ path: written("plain", bytes), type, signal },
        making: { action: "created" },
        source: "compositeWithTrainedAlgorithmicMedia",
        agent: { name: "warp", version: "9" },
        inputs: [{ slot: "image", type: "image/jpeg", path: null }],
        watermark: { key: "k1", payload: 0xbeef },
      });
      if (!made) throw new Error(`Files of type ${type} are not signed.`);
      return readFileSync(made.path);
    },
    async verdict(type, bytes) {
      const file = { path: written("read", bytes), type, signal };
      return (await findSignature(c2pa, [signatory], file)).signature;
    },
    async close() {
      await c2pa.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
