/** What results are signed with: the operator's key, or one that the data directory keeps and that is made when it is first needed. */
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import type { Clock } from "@smileloop/core/clock.ts";
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { Log } from "@smileloop/core/log.ts";
import { kmsRegion } from "@smileloop/core/signing-keys/kms.ts";
import { errno, writeOnce } from "@smileloop/core/storage/durable-files.ts";
import { createFinder } from "@smileloop/worker/marking/finder.ts";
import { type C2pa, openC2pa } from "@smileloop/worker/signing/c2pa.ts";
import { type FormerKey, readFormerKeys, readSignatory, type Signatory } from "@smileloop/worker/signing/key.ts";
import { makeChain } from "@smileloop/worker/signing/make-chain.ts";
import { createSigner, type Signer } from "@smileloop/worker/signing/signer.ts";
import type { MarkReader } from "@smileloop/worker/verifier.ts";
import { kmsSignatory } from "./kms-signing.ts";
import { type MarkingSource, markKeys, marksKnownHere } from "./marking.ts";

/**
 * `key`, `chain`: PEM, or the name of a file; `key` also the ARN of one in AWS KMS. The certificates of former keys come after those of the
 * present one. `file`: where a key is kept that the operator did not give; former ones are beside it, with a hyphen and more in their names
 * (`signing-2026.pem`).
 */
export type SigningSource = { key?: string | undefined; chain?: string | undefined; file?: string | undefined };

type SignerDeps = { signing: SigningSource; version: string; log: Log; clock: Clock };

/** The largest video that is converted is read in parts, and written as a whole. */
const SIGNING_MEMORY_BYTES = 2 * 1024 ** 3;

export function openSigner({ signing, version, log, clock }: SignerDeps): Signer {
  const c2pa: C2pa = openC2pa({ maxMemoryBytes: SIGNING_MEMORY_BYTES });
  return createSigner({ c2pa, signatory: signatories(signing, clock), version, log });
}

/** For files that may be anything: they get less memory and time than our own. */
const READING = { maxMemoryBytes: 512 * 1024 * 1024, timeLimitMs: 15_000 };

type ReaderDeps = Omit<SignerDeps, "version"> & { marking: MarkingSource };
/** What decodes files: a process that offers `luma`, and a folder for what comes of it. */
export type Looking = Pick<Parameters<typeof createFinder>[0], "engine" | "workRoot">;

/** Reads marks; what this installation signs and marks counts as ours. `looking`: null where nothing can look at pictures. */
export function markReader(
  { signing, marking, log, clock }: ReaderDeps,
  looking: Looking | null,
): MarkReader & { c2pa: C2pa } {
  const signatory = signatories(signing, clock);
  const trusted = async () => [await signatory(), ...(await formerKeys(signing))];
  const findMark = looking && createFinder({ ...looking, keys: markKeys(marking, clock) });
  return { c2pa: openC2pa(READING), trusted, findMark, log };
}

/** Reads the key once; where that fails, each call tries again. Throws a sentence. */
export function signatories(source: SigningSource, clock: Clock): () => Promise<Signatory> {
  let found: Promise<Signatory> | null = null;
  return () => {
    found ??= openSignatory(source, clock).catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };
}

/** Throws EnvError for a key that the operator gave and that cannot be used, and where there is none and nowhere to keep one. */
export async function checkSigning(source: SigningSource): Promise<void> {
  await formerKeys(source);
  if (source.key === undefined && source.file !== undefined) return;
  await givenSignatory(source);
}

async function openSignatory(source: SigningSource, clock: Clock): Promise<Signatory> {
  const { key, file } = source;
  return key === undefined && file !== undefined ? keptSignatory(file, clock) : givenSignatory(source);
}

async function givenSignatory(source: SigningSource): Promise<Signatory> {
  const { pem, certificates } = await givenTexts(source);
  try {
    return kmsRegion(pem) === null ? readSignatory(pem, certificates) : await kmsSignatory(pem, certificates);
  } catch (cause) {
    throw unusable(cause);
  }
}

async function givenTexts({ key, chain }: SigningSource) {
  if (key === undefined) {
    throw new EnvError(
      "SIGNING_KEY: the key that results are signed with is missing; `npm run -s signing:key` makes one",
    );
  }
  if (kmsRegion(key) !== null && chain === undefined) {
    throw new EnvError(
      "SIGNING_CHAIN: the certificates of the key in AWS KMS are missing; give them in PEM, or their file",
    );
  }
  const pem = kmsRegion(key) === null ? await pemOf("SIGNING_KEY", key) : key;
  return { pem, certificates: chain === undefined ? pem : await pemOf("SIGNING_CHAIN", chain) };
}

function unusable(cause: unknown): EnvError {
  return new EnvError(`SIGNING_KEY, SIGNING_CHAIN: ${(cause as Error).message}`, { cause });
}

/** Keys that have signed before, and whose signatures still count as ours. Throws a sentence for certificates that cannot be read. */
export async function formerKeys(source: SigningSource): Promise<FormerKey[]> {
  if (source.key === undefined) return source.file === undefined ? [] : formerBeside(source.file);
  const { certificates } = await givenTexts(source);
  try {
    return readFormerKeys(certificates, 1);
  } catch (cause) {
    throw unusable(cause);
  }
}

/** One that cannot be read is not passed over: what it has signed would count as somebody else's. */
async function formerBeside(file: string): Promise<FormerKey[]> {
  const [folder, ending] = [dirname(file), extname(file)];
  const start = `${basename(file, ending)}-`;
  const names = await readdir(folder).catch((error: unknown) =>
    errno(error) === "ENOENT" ? [] : Promise.reject(error),
  );
  const found = names.filter((name) => name.startsWith(start) && name.endsWith(ending)).sort();
  const read = found.map(async (name) => {
    const path = join(folder, name);
    try {
      return readFormerKeys(await readFile(path, "utf8"), 0);
    } catch (cause) {
      throw new Error(`${path} is damaged: ${(cause as Error).message}.`, { cause });
    }
  });
  return (await Promise.all(read)).flat();
}

/** The text itself, also with `\n` for its line ends, or that of the file. */
async function pemOf(name: keyof Env, value: string): Promise<string> {
  if (value.trimStart().startsWith("-----BEGIN ")) return value.replaceAll("\\n", "\n");
  return readFile(value, "utf8").catch((cause: unknown) => {
    const what = name === "SIGNING_KEY" ? "" : ` \`${value}\``;
    throw new EnvError(`${name}:${what} is neither PEM nor a file that can be read`, { cause });
  });
}

/** Key and certificates in one file, for its owner alone. Made where it is missing. */
async function keptSignatory(file: string, clock: Clock): Promise<Signatory> {
  const read = () =>
    readFile(file, "utf8").catch((error: unknown) => (errno(error) === "ENOENT" ? null : Promise.reject(error)));
  if ((await read()) === null) {
    const { key, chain } = makeChain(clock.now());
    await writeOnce(dirname(file), file, clock.now(), (handle) => handle.writeFile(key + chain));
  }
  const pem = (await read()) ?? "";
  try {
    return readSignatory(pem, pem);
  } catch (cause) {
    const todo = "Remove it, and a new one is made: what the old one signed then counts as signed by somebody else.";
    throw new Error(`${file} is damaged: ${(cause as Error).message}. ${todo}`, { cause });
  }
}

/** Of commands, which have no data directory: the operator's key, or one in the folder of who runs them. */
export function commandSigning({ SIGNING_KEY: key, SIGNING_CHAIN: chain }: Env): SigningSource {
  return { key, chain, file: join(homedir(), ".smileloop", "signing.pem") };
}

/** Whose signatures count as ours for a command: the operator's keys, those of the server of this folder, and those of commands. Makes none. */
export async function knownHere(env: Env): Promise<FormerKey[]> {
  const commands = commandSigning(env);
  const given = env.SIGNING_KEY === undefined ? [] : [await givenSignatory(commands), ...(await formerKeys(commands))];
  const files = [join(env.DATA_DIR, "signing.pem"), commands.file!];
  const kept = files.map(async (file) => {
    const pem = await readFile(file, "utf8").catch(() => null);
    return [...(pem === null ? [] : [readSignatory(pem, pem)]), ...(await formerBeside(file))];
  });
  return [...given, ...(await Promise.all(kept)).flat()];
}

/** The certificate of the present key, SHA-256; null where it is still to be made. */
export async function presentLeaf(source: SigningSource): Promise<string | null> {
  if (source.key !== undefined) return (await givenSignatory(source)).leaf;
  const pem = source.file === undefined ? null : await readFile(source.file, "utf8").catch(() => null);
  return pem === null ? null : readSignatory(pem, pem).leaf;
}

/** Reads marks for a command. */
export function commandMarkReader(env: Env, log: Log, looking: Looking | null): MarkReader & { c2pa: C2pa } {
  const findMark = looking && createFinder({ ...looking, keys: () => marksKnownHere(env) });
  return { c2pa: openC2pa(READING), trusted: () => knownHere(env), findMark, log };
}
