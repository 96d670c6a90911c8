/**
 * The program of the thread that reads and writes C2PA manifests, with c2pa-rs as WebAssembly. Files may be anything, so it runs apart from
 * what serves requests, within a memory that is limited, and without a network. It holds no key: what is to be signed goes to the thread
 * that has started it (`c2pa.ts`).
 */
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { brotliDecompressSync } from "node:zlib";
import init, { WasmBuilder, WasmReader } from "@contentauth/c2pa-wasm";
import type { C2paReply, C2paTask, Ingredient, ReadTask, SignTask } from "./c2pa.ts";
import { FileBlob, FileReaderSync } from "./file-blob.ts";
import { limitMemory } from "./wasm-memory.ts";

const port = parentPort!;
const { maxMemoryBytes } = workerData as { maxMemoryBytes: number };

const NO_NETWORK = { remote_manifest_fetch: false, ocsp_fetch: false };

Object.assign(globalThis, { FileReaderSync, fetch: () => Promise.reject(new Error("There is no network here.")) });
const wasm = limitMemory(readProgram(), maxMemoryBytes);
const { memory } = await init({ module_or_path: wasm as Uint8Array<ArrayBuffer> });

/** What our own thread is asked for, until it has answered. */
let signed: ((signature: Uint8Array<ArrayBuffer>) => void) | null = null;

port.on("message", async (message: C2paTask | { signature: Uint8Array<ArrayBuffer> }) => {
  if ("signature" in message) return signed?.(message.signature);
  try {
    const answer = message.do === "sign" ? await sign(message) : await read(message);
    reply({ ...answer, memoryBytes: memory.buffer.byteLength });
  } catch (error) {
    // after a trap the memory of the program may be in any state
    const trapped = error instanceof Error && ["RuntimeError", "RangeError"].includes(error.name);
    reply({ error: String(error), trapped, memoryBytes: memory.buffer.byteLength });
  }
});
reply({ ready: true });

function reply(message: C2paReply): void {
  port.postMessage(message);
}

/** In a bundle it lies beside the code, packed: a function on Lambda has room for 250 MB in all. */
function readProgram(): Uint8Array {
  if (import.meta.url.endsWith(".mjs")) {
    return brotliDecompressSync(readFileSync(fileURLToPath(new URL("c2pa.wasm.br", import.meta.url))));
  }
  return readFileSync(fileURLToPath(import.meta.resolve("@contentauth/c2pa-wasm/c2pa.wasm")));
}

async function sign({ path, out, type, definition, ingredients, reserveBytes }: SignTask) {
  const settings = { builder: { thumbnail: { enabled: false } }, verify: { ...NO_NETWORK, verify_after_sign: false } };
  const builder = WasmBuilder.fromJson(definition, JSON.stringify(settings));
  try {
    for (const ingredient of ingredients) await addIngredient(builder, ingredient);
    const signer = { alg: "es256", reserveSize: reserveBytes, sign: askForSignature };
    const bytes = await withFile(path, (blob) => builder.sign(signer, [], type, blob));
    writeFileSync(out, bytes, { mode: 0o600, flag: "wx" });
    return { signed: { bytes: bytes.byteLength } };
  } finally {
    builder.free();
  }
}

async function addIngredient(builder: WasmBuilder, { json, file }: Ingredient): Promise<void> {
  if (file === null) builder.addIngredient(json);
  else await withFile(file.path, (blob) => builder.addIngredientFromBlob(json, file.type, blob));
}

function askForSignature(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve) => {
    signed = resolve;
    // a view of the program's memory, which may grow meanwhile
    reply({ toSign: Uint8Array.prototype.slice.call(bytes) as Uint8Array<ArrayBuffer> });
  });
}

async function read({ path, type, anchors }: ReadTask) {
  const settings = {
    verify: { ...NO_NETWORK, verify_trust: true },
    trust: anchors === "" ? {} : { trust_anchors: anchors },
  };
  const reader = await withFile(path, (blob) => WasmReader.fromBlob(type, blob, JSON.stringify(settings)));
  try {
    return { read: reader.json() };
  } finally {
    reader.free();
  }
}

async function withFile<T>(path: string, use: (blob: Blob) => Promise<T>): Promise<T> {
  const fd = openSync(path, "r");
  try {
    return await use(new FileBlob(fd, 0, fstatSync(fd).size) as unknown as Blob);
  } finally {
    closeSync(fd);
  }
}
